using Runs;

namespace Worker;

/// <summary>Tells the store that this worker lives and how large a run it takes, so that others know which runs would wait for ever.</summary>
internal sealed class WorkerPresence(WorkerSettings settings, KnownWorkers workers, TimeProvider time, ILogger<WorkerPresence> log) : BackgroundService
{
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try { await workers.Forget(settings.Name, cancellationToken); }
        catch (Exception failure) { Say(failure); } // the row grows old by itself
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(KnownWorkers.ReportEvery, time);
        do
        {
            try { await workers.Report(settings.Name, settings.RunMemoryBytes, settings.Slots, stoppingToken); }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested) { return; }
            catch (Exception failure) { Say(failure); }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private void Say(Exception failure) => log.LogWarning("Worker {Worker} could not report itself: {Reason}", settings.Name, failure.GetBaseException().Message);
}
