using Microsoft.EntityFrameworkCore;

namespace Runs;

public sealed class PostgresRunsDb(DbContextOptions<PostgresRunsDb> options) : RunsDb(options)
{
    public override async Task<Run?> LockRun(Guid id, CancellationToken cancellation) =>
        (await Runs.FromSql($"SELECT * FROM runs WHERE id = {id} FOR UPDATE").ToListAsync(cancellation)).SingleOrDefault();

    public override async Task<Run?> LockNextQueued(CancellationToken cancellation) =>
        (await Runs.FromSql($"SELECT * FROM runs WHERE status = 'Queued' ORDER BY priority DESC, created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED")
            .ToListAsync(cancellation)).SingleOrDefault();

    public override async Task<DateTimeOffset> Now(CancellationToken cancellation) =>
        (await Database.SqlQuery<DateTimeOffset>($"SELECT clock_timestamp() AS \"Value\"").ToListAsync(cancellation)).Single();
}
