using Runs;

namespace Worker;

/// <summary>
/// Before the first ticket: makes sure that this process is the only one of its name, stores what dead ones left in their spools, and
/// queues again what the one before had claimed.
/// </summary>
internal sealed class WorkerStart(WorkerSettings settings, RunQueue queue, RunRecorder recorder, TimeProvider time, ILogger<WorkerStart> log) : IHostedService, IDisposable
{
    private DataFolderLock? held;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        held = TakeName(settings.Name);
        Actor.Name = settings.Name;

        // Before runs are queued again: then their attempts no longer hold them, and what the spools have would be refused. It may be
        // the very end of a run.
        await StoreSpool(Spool.Folder(settings.DataFolder, settings.Name), cancellationToken);
        await StoreSpoolsOfOthers(cancellationToken);

        var requeued = await Insistence.UntilDone(() => queue.RequeueOwn(settings.Name, cancellationToken), $"The start of worker {settings.Name}", time, log, cancellationToken);
        if (requeued > 0) { log.LogWarning("{Requeued} runs were in training when worker {Worker} died; they wait again", requeued, settings.Name); }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => held?.Dispose();

    private DataFolderLock TakeName(string worker) => DataFolderLock.Take(settings.DataFolder, $"worker-{worker}", $"A worker named \"{worker}\"");

    /// <summary>A machine that came back under another name still has its spool; that of a living worker is its own affair.</summary>
    private async Task StoreSpoolsOfOthers(CancellationToken cancellation)
    {
        var root = Spool.Root(settings.DataFolder);
        foreach (var folder in Directory.Exists(root) ? Directory.GetDirectories(root) : [])
        {
            if (Path.GetFileName(folder) == settings.Name) { continue; }
            try
            {
                using var dead = TakeName(Path.GetFileName(folder));
                await StoreSpool(folder, cancellation);
            }
            catch (NameTakenException) { }
        }
    }

    private async Task StoreSpool(string folder, CancellationToken cancellation)
    {
        foreach (var left in LeftSpool.In(folder))
        {
            var kept = left.Events.Count == 0 || await Insistence.UntilDone(
                () => recorder.Record(left.Run, left.Attempt, left.Events, cancellation), $"Storing the spool {left.Path}", time, log, cancellation);
            log.LogWarning("A process that died left {Count} events of run {Run}, attempt {Attempt}, and {Torn} torn lines: {Outcome}",
                left.Events.Count, left.Run, left.Attempt, left.TornLines, kept ? "stored" : "dropped, the attempt no longer holds the run");
            left.Delete();
        }
    }
}
