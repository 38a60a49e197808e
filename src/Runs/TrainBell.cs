using Contracts;
using Hangfire;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Runs;

/// <summary>Rings for a worker. A ring that fails is only late: the sweeper counts tickets against queued runs.</summary>
public sealed class TrainBell(IBackgroundJobClient hangfire, JobStorage storage, RunStore store, ILogger<TrainBell> log)
{
    /// <summary>More waiting tickets than this help nobody; the next sweep brings the next ones.</summary>
    private const int MostWaiting = 100;

    public void Ring()
    {
        try { hangfire.Enqueue<ITrainTicket>(ticket => ticket.Work(CancellationToken.None)); }
        catch (Exception failure) when (failure is BackgroundJobClientException or Npgsql.NpgsqlException or TimeoutException)
        {
            log.LogWarning("A ticket could not be queued; the sweeper will do it: {Reason}", failure.Message);
        }
    }

    /// <summary>For so many new runs at once.</summary>
    public void Ring(int runs)
    {
        for (var i = 0; i < Math.Min(runs, MostWaiting); i++) { Ring(); }
    }

    /// <summary>As many waiting tickets as queued runs that a worker can take: heals lost tickets, and fills an in-memory queue after a start.</summary>
    public async Task RingForQueued(CancellationToken cancellation)
    {
        await using var db = store.Open();
        if (!await db.Runs.AnyAsync(run => run.Status == RunStatus.Queued, cancellation)) { return; } // as a rule
        var queued = await KnownWorkers.CountTakeable(db, cancellation);
        var waiting = storage.GetMonitoringApi().EnqueuedCount(ITrainTicket.Queue);
        for (var missing = Math.Min(queued, MostWaiting) - waiting; missing > 0; missing--) { Ring(); }
    }
}
