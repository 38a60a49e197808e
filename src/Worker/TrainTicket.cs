using Runs;

namespace Worker;

/// <summary>Works on a ticket: claims the best waiting run, if there is one, and trains it.</summary>
internal sealed class TrainTicket(
    WorkerSettings settings, TrainerProgram program, RunQueue queue, RunRecorder recorder, RunWatch watch,
    IHostApplicationLifetime lifetime, TimeProvider time, ILogger<TrainTicket> log) : ITrainTicket
{
    public async Task Work(CancellationToken cancellation)
    {
        Actor.Name = settings.Name;

        // Nothing claimed, nothing lost: the run stays queued until there is a Trainer, here or elsewhere.
        if (program.Fault is { } fault)
        {
            log.LogError("No run is claimed: {Fault}", fault);
            return;
        }

        // Hangfire says so only after the web server has let go of its last connection.
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellation, lifetime.ApplicationStopping);

        var began = time.GetUtcNow();
        // A ticket too many: delivered twice, or another worker was faster.
        if (await queue.Claim(settings.Name, leaving.Token, settings.RunMemoryBytes) is not { } run) { return; }

        RunTelemetry.Claim(run, settings.Name, began);
        using var training = RunTelemetry.Training(run, settings.Name);
        using var scope = log.BeginScope(new Dictionary<string, object> { ["run"] = run.Id, ["attempt"] = run.Attempt });
        using var attempt = new Attempt(run, settings, queue, recorder, time, log);
        watch.Watch(run.Id, attempt.Look);
        try { await attempt.Train(leaving.Token); }
        finally { watch.Forget(run.Id); }

        // Leaving: the run is queued again, and so is its ticket.
        cancellation.ThrowIfCancellationRequested();
    }
}
