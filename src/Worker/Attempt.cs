using System.ComponentModel;
using Contracts;
using Runs;

namespace Worker;

/// <summary>One attempt at a run, from the claim to its end: a Trainer process, its events, the lease that says it is alive.</summary>
internal sealed class Attempt(ClaimedRun run, WorkerSettings settings, RunQueue queue, RunRecorder recorder, TimeProvider time, ILogger log) : IDisposable
{
    private readonly CancellationTokenSource over = new();
    private readonly CancellationTokenSource giveUp = new();
    private readonly KeptCheckpoints checkpoints = new(run);
    private readonly LeaseKeeper keeper = new(run, settings, queue, time, log);
    private readonly Lock gate = new();
    private readonly HashSet<Ending> reasons = [];
    private TrainerProcess? trainer;
    private Ending ending;
    private volatile bool killed;
    private volatile bool ended;
    private bool finished;
    private StartedEvent? started;

    /// <summary>Why the attempt is made to end before the Trainer is done; a later one outranks an earlier one, whichever came first.</summary>
    private enum Ending
    {
        None,

        /// <summary>Its user wants it to wait: checkpoint, and let go of it.</summary>
        Pausing,

        /// <summary>The store cannot be reached from here, and may be from elsewhere: checkpoint, and gone before the lease is over.</summary>
        CutOff,

        /// <summary>The worker is leaving: checkpoint, and back to the queue.</summary>
        Leaving,

        Cancelled,

        /// <summary>Another attempt may be training already: nothing of this one counts any more.</summary>
        Lost,
    }

    public async Task Train(CancellationToken leaving)
    {
        // Claimed. Durable: the attempt number and a lease. If this process dies here the run is queued again when the worker is
        // started under its name, or when the lease is over, whichever comes first.
        using var spool = new Spool(Spool.Folder(settings.DataFolder, settings.Name), run.Id, run.Attempt);
        var events = new EventStore(run, spool, checkpoints, recorder, time, log);
        var storing = events.StoreAll(giveUp.Token);
        var flushing = Task.Run(events.FlushSpool, CancellationToken.None);
        var lease = keeper.Keep(Answered, CutOff, over.Token);
        await using (leaving.Register(Leave))
        {
            await Follow(events);
            events.Complete();
            await flushing;
            await Settle(spool, storing);
        }

        await over.CancelAsync();
        await lease;
    }

    /// <summary>Something happened to the run's row: see what, without waiting for the next renewal.</summary>
    public void Look() => keeper.Look();

    /// <summary>Ends what still goes on, also after an error: a lease must not outlive its attempt.</summary>
    public void Dispose()
    {
        over.Cancel();
        giveUp.Cancel();
        over.Dispose();
        giveUp.Dispose();
    }

    /// <summary>Starts the Trainer and passes on what it reports until it is gone.</summary>
    private async Task Follow(EventStore events)
    {
        try
        {
            var (checkpoint, problem) = await ResumePoint.Find(run, Registered);
            if (problem is not null) { events.Add(Warning(problem)); }
            var command = new TrainerCommand(settings.Trainer!, ResumePoint.FolderOf(run), checkpoint, settings.DataFolders) { MemoryBytes = settings.TrainerMemoryBytes };
            lock (gate)
            {
                if (ending == Ending.None) { trainer = TrainerProcess.Start(command, run.Spec, time); }
            }
        }
        catch (Exception failure) when (failure is Win32Exception or IOException or UnauthorizedAccessException)
        {
            events.Add(new FailedEvent { At = time.GetUtcNow(), Class = FailureClass.Infrastructure, Message = $"the Trainer could not be started: {failure.Message}" });
            return;
        }

        // Told to end before there was anything to end.
        if (trainer is null)
        {
            killed = true;
            if (ending == Ending.Cancelled) { events.Add(new StoppedEvent { At = time.GetUtcNow() }); }
            return;
        }

        log.LogInformation("Run {Run}, attempt {Attempt}: Trainer process {Process} started", run.Id, run.Attempt, trainer.Id);
        await using (trainer)
        {
            await foreach (var happened in trainer.Events())
            {
                finished |= happened is FinishedEvent;
                started = happened as StartedEvent ?? started;
                ended |= happened is FinishedEvent or FailedEvent or StoppedEvent;
                foreach (var said in InPlaceOf(happened)) { events.Add(said); }
                if (happened is EpochEvent epoch) { RunTelemetry.Epoch(epoch); }
            }
        }
    }

    private Task<IReadOnlyList<CheckpointEvent>> Registered() =>
        Insistence.UntilDone(() => queue.Checkpoints(run.Id, giveUp.Token), $"Looking for the checkpoints of run {run.Id}", time, log, giveUp.Token);

    /// <summary>A process that was killed on purpose did not fail.</summary>
    private IEnumerable<TrainerEvent> InPlaceOf(TrainerEvent happened) => (happened, killed, ending) switch
    {
        (StoppedEvent, _, Ending.CutOff) => [Warning(Silence), happened],
        (FailedEvent, true, Ending.CutOff) => [Warning($"{Silence}. The Trainer did not stop in time and was killed; epochs since the last checkpoint are trained again")],
        (FailedEvent, true, Ending.Cancelled) => [Warning($"the Trainer did not stop within {settings.CancelGrace.TotalSeconds:0.#} s and was killed"), new StoppedEvent { At = happened.At }],
        (FailedEvent, true, Ending.Leaving or Ending.Pausing) => [Warning($"the Trainer did not stop within {settings.LeaveGrace.TotalSeconds:0.#} s and was killed; epochs since the last checkpoint are trained again")],
        (FailedEvent, true, Ending.Lost) => [],
        (FailedEvent { Class: FailureClass.OutOfMemory } failed, false, _) => [MemoryFailure.Explain(failed, run, started, trainer!.PeakMemoryBytes, settings.RunMemoryBytes)],
        _ => [happened],
    };

    private string Silence => $"{settings.Name} could not reach the store for {settings.StopAfterSilence.TotalSeconds:0.#} s and stopped training, as another worker may take the run";

    /// <summary>The Trainer is gone; what it said reaches the store, or stays where the next process finds it.</summary>
    private async Task Settle(Spool spool, Task<bool> storing)
    {
        try
        {
            var held = await storing;
            if (!held) { log.LogWarning("Run {Run}: attempt {Attempt} no longer holds it; its last events are dropped", run.Id, run.Attempt); }

            // A killed Trainer reported no "stopped", which would have queued the run again.
            if (held && killed && ending is Ending.Leaving or Ending.Pausing or Ending.CutOff)
            {
                await Insistence.UntilDone(() => queue.HandBack(run.Id, run.Attempt, giveUp.Token), $"Handing back run {run.Id}", time, log, giveUp.Token);
            }

            // Settled: the run's end, or its return to the queue, is durable, or another attempt's. The copy has done its work.
            if (held && finished) { checkpoints.ForgetEarlierAttempts(); }
            spool.Delete();
        }
        catch (OperationCanceledException) when (ending == Ending.Lost)
        {
            log.LogWarning("Run {Run}: attempt {Attempt} was taken over; its last events are dropped", run.Id, run.Attempt);
            spool.Delete();
        }
        catch (OperationCanceledException)
        {
            // Leaving while the store is away: the spool stays, and the next process of this name stores it before it does anything else.
            log.LogWarning("Run {Run}: the store is away; the last events of attempt {Attempt} stay in the spool", run.Id, run.Attempt);
        }
    }

    private void Answered(LeaseAnswer answer)
    {
        switch (answer)
        {
            case LeaseAnswer.CancelRequested: End(Ending.Cancelled, () => _ = StopWithin(settings.CancelGrace)); break;
            case LeaseAnswer.PauseRequested: End(Ending.Pausing, () => _ = StopWithin(settings.LeaveGrace)); break;

            // After the Trainer's end nothing is left to stop, and the end itself, once stored, gives the run up.
            case LeaseAnswer.Lost when !ended:
                End(Ending.Lost, () => { giveUp.Cancel(); Kill(); });
                break;
        }
    }

    private void CutOff(TimeSpan left) => End(Ending.CutOff, () => _ = StopWithin(left > TimeSpan.Zero ? left : TimeSpan.Zero));

    private void Leave() => End(Ending.Leaving, () =>
    {
        _ = StopWithin(settings.LeaveGrace);
        giveUp.CancelAfter(settings.StoreGrace);
    });

    /// <summary>Each reason acts once, also beside one that outranks it: who is cancelled and told to leave has only so long for both.</summary>
    private void End(Ending why, Action act)
    {
        lock (gate)
        {
            if (!reasons.Add(why)) { return; }
            ending = reasons.Max();
        }
        act();
    }

    private async Task StopWithin(TimeSpan grace)
    {
        if (trainer is null) { return; }
        await trainer.Stop();
        try { await Task.Delay(grace, time, over.Token); }
        catch (OperationCanceledException) { return; } // it left in time
        Kill();
    }

    private void Kill()
    {
        killed = true;
        trainer?.Kill();
    }

    private LogEvent Warning(string message) => new() { At = time.GetUtcNow(), Level = "warning", Message = message };
}
