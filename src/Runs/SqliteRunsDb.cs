using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Runs;

/// <summary>A write transaction of SQLite holds the one write lock from its start, so a row that was read in it is locked already.</summary>
public sealed class SqliteRunsDb(DbContextOptions<SqliteRunsDb> options) : RunsDb(options)
{
    public override async Task<Run?> LockRun(Guid id, CancellationToken cancellation) =>
        await Runs.SingleOrDefaultAsync(run => run.Id == id, cancellation);

    public override async Task<Run?> LockNextQueued(long memoryBytes, CancellationToken cancellation) =>
        await Runs.Where(run => run.Status == Contracts.RunStatus.Queued && (run.EstimatedMemoryBytes == null || run.EstimatedMemoryBytes <= memoryBytes))
            .OrderByDescending(run => run.Priority).ThenBy(run => run.CreatedAt).ThenBy(run => run.Id)
            .FirstOrDefaultAsync(cancellation);

    public override async Task InsertEpochs(IReadOnlyList<EpochRow> rows, CancellationToken cancellation)
    {
        Epochs.AddRange(rows);
        await SaveChangesAsync(cancellation);
    }

    // One machine, one clock. Whole microseconds, as Postgres keeps.
    public override Task<DateTimeOffset> Now(CancellationToken cancellation)
    {
        var now = DateTimeOffset.UtcNow;
        return Task.FromResult(now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond)));
    }

    protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder) => optionsBuilder.AddInterceptors(WaitForTheWriteLock.Instance);

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        base.ConfigureConventions(configurationBuilder);
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UtcTicks>();
        configurationBuilder.Properties<double>().HaveConversion<NaNAsLowest>();
    }

    /// <summary>Times as UTC ticks: SQLite has no time type, and text with offsets does not sort.</summary>
    private sealed class UtcTicks() : ValueConverter<DateTimeOffset, long>(
        time => time.UtcTicks,
        ticks => new DateTimeOffset(ticks, TimeSpan.Zero));

    /// <summary>
    /// SQLite turns NaN into NULL. The lowest double stands for it: no loss or metric takes that value, it still is a number to
    /// sort by, and it sorts where NaN belongs in a list of best results. Infinities are stored as they are.
    /// </summary>
    private sealed class NaNAsLowest() : ValueConverter<double, double>(
        figure => double.IsNaN(figure) ? double.MinValue : figure,
        stored => stored == double.MinValue ? double.NaN : stored);

    private sealed class WaitForTheWriteLock : DbConnectionInterceptor
    {
        public static readonly WaitForTheWriteLock Instance = new();

        // The driver by itself polls every 150 ms; the engine's own wait is finer. In WAL mode "normal" survives a killed process.
        private const string Settings = "PRAGMA busy_timeout = 20000; PRAGMA synchronous = NORMAL;";

        public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
        {
            using var command = connection.CreateCommand();
            command.CommandText = Settings;
            command.ExecuteNonQuery();
        }

        public override Task ConnectionOpenedAsync(
            DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            ConnectionOpened(connection, eventData);
            return Task.CompletedTask;
        }
    }
}
