using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Runs;

/// <summary>
/// Runs in every process that has workers or an API: takes runs back from workers that were lost, and rings for queued runs whose ticket
/// was. Any number of sweepers may sweep at once.
/// </summary>
public sealed class RunSweeper(RunQueue queue, RunStore store, TrainBell bell, TimeProvider time, ILogger<RunSweeper> log) : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>
    /// While the store was away nobody could renew. Its return is the start of everybody's chance to: leases that ran out meanwhile say
    /// nothing about the workers.
    /// </summary>
    public static readonly TimeSpan GraceAfterOutage = TimeSpan.FromSeconds(10);

    private readonly HashSet<Guid> late = [];
    private bool storeWasAway;
    private long? storeBackSince;

    public async Task Sweep(CancellationToken cancellation)
    {
        try
        {
            // Asks the store first, so that its return is noticed before anyone is judged.
            await bell.RingForQueued(cancellation);
            await Count(cancellation);
            if (storeWasAway) { (storeWasAway, storeBackSince) = (false, time.GetTimestamp()); }
            if (storeBackSince is { } back && time.GetElapsedTime(back) < GraceAfterOutage) { return; }

            var suspects = await queue.Late(cancellation);
            await TellWhoIsLate(suspects, cancellation);
            var lost = suspects.Count == 0 ? 0 : await queue.RequeueLost(cancellation); // who is lost was late before
            if (lost > 0) { log.LogWarning("{Lost} runs were taken back from workers that gave no sign of life", lost); }
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            storeWasAway = true;
            throw;
        }
    }

    /// <summary>To be late is no event that anyone stores: who looks at the run is told to look again, when it begins and when it ends.</summary>
    private async Task TellWhoIsLate(List<Guid> now, CancellationToken cancellation)
    {
        var changed = late.Except(now).Concat(now.Except(late)).ToList();
        if (changed.Count == 0) { return; }

        await store.Tell(changed, cancellation);
        late.Clear();
        late.UnionWith(now);
    }

    private async Task Count(CancellationToken cancellation)
    {
        if (!RunTelemetry.CountsRuns) { return; }
        await using var db = store.Open();
        RunTelemetry.Counted(await db.Runs.GroupBy(run => run.Status).Select(runs => new { Status = runs.Key, Count = runs.Count() }).ToDictionaryAsync(runs => runs.Status, runs => runs.Count, cancellation));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Who has just started cannot know whether the store was away before; and a worker that was started in this process has first
        // to store what its predecessor left.
        storeBackSince = time.GetTimestamp();
        Actor.Name = "sweeper";
        using var timer = new PeriodicTimer(Interval);
        do
        {
            try { await Sweep(stoppingToken); }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested) { return; }
            catch (Exception failure)
            {
                // A store that is away comes back; whoever stops sweeping for it would lose runs afterwards.
                log.LogWarning("Sweep failed, trying again: {Reason}", failure.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
