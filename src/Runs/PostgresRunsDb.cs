using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace Runs;

public sealed class PostgresRunsDb(DbContextOptions<PostgresRunsDb> options) : RunsDb(options)
{
    private const string InsertSql = """
        INSERT INTO epochs (run_id, attempt, voided, epoch, seq, at, train_loss, valid_loss, test_loss, train_metric, valid_metric, test_metric,
            learning_rate, seconds, nodes_per_second, peak_memory_bytes, metrics_json, is_best)
        SELECT $1, $2, false, * FROM unnest($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
        ON CONFLICT DO NOTHING
        """;

    public override async Task<Run?> LockRun(Guid id, CancellationToken cancellation) =>
        (await Runs.FromSql($"SELECT * FROM runs WHERE id = {id} FOR UPDATE").ToListAsync(cancellation)).SingleOrDefault();

    public override async Task<Run?> LockNextQueued(long memoryBytes, CancellationToken cancellation) =>
        (await Runs.FromSql($"SELECT * FROM runs WHERE status = 'Queued' AND (estimated_memory_bytes IS NULL OR estimated_memory_bytes <= {memoryBytes}) ORDER BY priority DESC, created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED")
            .ToListAsync(cancellation)).SingleOrDefault();

    /// <summary>One array a column: a statement of one shape for any number of rows, several times as fast as a row of parameters each.</summary>
    public override async Task InsertEpochs(IReadOnlyList<EpochRow> rows, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(InsertSql, (NpgsqlConnection)Database.GetDbConnection(), (NpgsqlTransaction?)Database.CurrentTransaction?.GetDbTransaction());
        void Add<T>(Func<EpochRow, T> column) => command.Parameters.Add(new NpgsqlParameter<T[]> { TypedValue = [.. rows.Select(column)] });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = rows[0].RunId });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = rows[0].Attempt });
        Add(row => row.Epoch);
        Add(row => row.Seq);
        Add(row => row.At);
        Add(row => row.TrainLoss);
        Add(row => row.ValidLoss);
        Add(row => row.TestLoss);
        Add(row => row.TrainMetric);
        Add(row => row.ValidMetric);
        Add(row => row.TestMetric);
        Add(row => row.LearningRate);
        Add(row => row.Seconds);
        Add(row => row.NodesPerSecond);
        Add(row => row.PeakMemoryBytes);
        Add(row => row.MetricsJson);
        Add(row => row.IsBest);
        var inserted = await command.ExecuteNonQueryAsync(cancellation);
        if (inserted != rows.Count) { throw new DbUpdateConcurrencyException($"{rows.Count - inserted} of {rows.Count} epochs of run {rows[0].RunId} were stored by somebody else meanwhile"); }
    }

    public override async Task<DateTimeOffset> Now(CancellationToken cancellation) =>
        (await Database.SqlQuery<DateTimeOffset>($"SELECT clock_timestamp() AS \"Value\"").ToListAsync(cancellation)).Single();
}
