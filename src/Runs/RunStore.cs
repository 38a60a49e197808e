using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Runs;

/// <summary>Opens the store that the settings name, and is the one way to write to it.</summary>
public sealed class RunStore(RunsSettings settings, RunSignal signal)
{
    private readonly DbContextOptions<SqliteRunsDb> sqlite = new DbContextOptionsBuilder<SqliteRunsDb>()
        .UseSqlite(new SqliteConnectionStringBuilder { DataSource = settings.SqliteFile, DefaultTimeout = 60 }.ToString()).Options;

    private readonly DbContextOptions<PostgresRunsDb> postgres = new DbContextOptionsBuilder<PostgresRunsDb>()
        .UseNpgsql(settings.Postgres).Options;

    public RunsDb Open() => settings.UsesPostgres ? new PostgresRunsDb(postgres) : new SqliteRunsDb(sqlite);

    /// <summary>
    /// One short transaction. What <paramref name="work"/> changed is saved and committed, and then, never before, those who follow
    /// the runs it changed are told.
    /// </summary>
    public async Task<T> Write<T>(Func<RunsDb, Task<T>> work, CancellationToken cancellation)
    {
        await using var db = Open();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var answer = await work(db);
        await db.SaveChangesAsync(cancellation);

        // Delivered by the server when the transaction commits, to every process that listens.
        if (settings.UsesPostgres) { await Notify(db, db.Touched, cancellation); }
        await transaction.CommitAsync(cancellation);
        if (!settings.UsesPostgres) { signal.Publish(db.Touched); }
        return answer;
    }

    /// <summary>Tells those who follow these runs to look at them, though nothing was written.</summary>
    public async Task Tell(IReadOnlyCollection<Guid> runs, CancellationToken cancellation)
    {
        await using var db = Open();
        if (settings.UsesPostgres) { await Notify(db, runs, cancellation); }
        else { signal.Publish(runs); }
    }

    /// <summary>Brings the tables up to date. Several processes may start at once: one does it, the others wait.</summary>
    public async Task Migrate(CancellationToken cancellation)
    {
        await using var db = Open();
        if (settings.UsesPostgres)
        {
            await using var hold = await PostgresStartLock.Take(settings.Postgres!, cancellation);
            await db.Database.MigrateAsync(cancellation);
            return;
        }

        Directory.CreateDirectory(settings.DataFolder);
        await using var file = await HoldFile(settings.SqliteFile + ".migrating", cancellation);
        if ((await db.Database.GetPendingMigrationsAsync(cancellation)).Any())
        {
            // EF's own lock is a row, which a process killed in mid-migration leaves behind for ever; the file lock is held, so it is stale.
            await db.Database.ExecuteSqlRawAsync("DROP TABLE IF EXISTS \"__EFMigrationsLock\"", cancellation);
            await db.Database.MigrateAsync(cancellation);
        }
    }

    private static async Task Notify(RunsDb db, IEnumerable<Guid> runs, CancellationToken cancellation)
    {
        foreach (var run in runs)
        {
            await db.Database.ExecuteSqlAsync($"SELECT pg_notify({RunSignal.Channel}, {run.ToString()})", cancellation);
        }
    }

    private static async Task<FileStream> HoldFile(string path, CancellationToken cancellation)
    {
        while (true)
        {
            try { return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None); }
            catch (IOException) { await Task.Delay(50, cancellation); }
        }
    }
}
