using Contracts;
using Microsoft.EntityFrameworkCore;

namespace Runs;

/// <summary>The workers that are alive, by what they reported of themselves.</summary>
public sealed class KnownWorkers(RunStore store)
{
    public static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(10);

    /// <summary>A worker that was silent for so long is not counted on.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    public Task Report(string name, long runMemoryBytes, int slots, CancellationToken cancellation) => store.Write(async db =>
    {
        var row = await db.Workers.SingleOrDefaultAsync(worker => worker.Name == name, cancellation);
        if (row is null) { db.Workers.Add(row = new WorkerRow { Name = name }); }
        (row.RunMemoryBytes, row.Slots, row.SeenAt) = (runMemoryBytes, slots, await db.Now(cancellation));
        return row;
    }, cancellation);

    /// <summary>The worker leaves in good order.</summary>
    public Task Forget(string name, CancellationToken cancellation) => store.Write(
        db => db.Workers.Where(worker => worker.Name == name).ExecuteDeleteAsync(cancellation), cancellation);

    public async Task<IReadOnlyList<WorkerInfo>> Now(CancellationToken cancellation)
    {
        await using var db = store.Open();
        return await Alive(db, await db.Now(cancellation)).OrderBy(worker => worker.Name)
            .Select(worker => new WorkerInfo { Name = worker.Name, RunMemoryBytes = worker.RunMemoryBytes, Slots = worker.Slots, SeenAt = worker.SeenAt })
            .ToListAsync(cancellation);
    }

    /// <summary>Runs that no living worker would take, each with both numbers and what would fit; none while no worker is known.</summary>
    public async Task<IReadOnlyList<SpecFault>> Unfit(IReadOnlyList<RunSpec> specs, CancellationToken cancellation)
    {
        if (await Now(cancellation) is not { Count: > 0 } workers) { return []; }
        var most = workers.Max(worker => worker.RunMemoryBytes);
        return
        [
            .. specs.Select((spec, i) => (Path: specs.Count == 1 ? "$" : $"$.runs[{i}]", Estimate: MemoryEstimate.Of(spec)))
                .Where(run => run.Estimate?.TotalBytes > most)
                .Select(run => new SpecFault(run.Path, $"found a run that {MemoryAdvice.Text(run.Estimate!, most)}; needed one that a known worker takes")),
        ];
    }

    /// <summary>The queued runs that a living worker would take; all of them while none is known.</summary>
    internal static async Task<int> CountTakeable(RunsDb db, CancellationToken cancellation)
    {
        var most = await Alive(db, await db.Now(cancellation)).MaxAsync(worker => (long?)worker.RunMemoryBytes, cancellation);
        return await db.Runs.CountAsync(run => run.Status == RunStatus.Queued && (most == null || run.EstimatedMemoryBytes == null || run.EstimatedMemoryBytes <= most), cancellation);
    }

    private static IQueryable<WorkerRow> Alive(RunsDb db, DateTimeOffset now)
    {
        var since = now - Silence;
        return db.Workers.AsNoTracking().Where(worker => worker.SeenAt > since);
    }
}
