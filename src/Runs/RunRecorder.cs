using System.Globalization;
using System.Text.Json;
using Contracts;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Runs;

/// <summary>Stores what a Trainer reports. Stored first, shown afterwards: the signal leaves with the commit.</summary>
public sealed class RunRecorder(RunStore store, TrainBell bell, ILogger<RunRecorder> log)
{
    /// <summary>
    /// One transaction, fenced: false, and nothing stored, when the run is not held by <paramref name="attempt"/> any more, and then the
    /// training has to stop. Storing the same events again changes nothing. A terminal event changes the status in the same transaction.
    /// An event that the store will never take must not stop all others: the batch is stored one by one then, and that event told of.
    /// </summary>
    public async Task<bool> Record(Guid runId, int attempt, IReadOnlyList<TrainerEvent> events, CancellationToken cancellation)
    {
        try { return await RecordAll(runId, attempt, events, cancellation); }
        catch (Exception refused) when (StoreRefusal.IsForGood(refused)) { }

        foreach (var reported in events)
        {
            if (!await RecordOne(runId, attempt, reported, cancellation)) { return false; }
        }
        return true;
    }

    private async Task<bool> RecordOne(Guid runId, int attempt, TrainerEvent reported, CancellationToken cancellation)
    {
        try { return await RecordAll(runId, attempt, [reported], cancellation); }
        catch (Exception refused) when (StoreRefusal.IsForGood(refused))
        {
            log.LogError("Run {Run}, attempt {Attempt}: the store refused an event for good: {Reason}", runId, attempt, refused.GetBaseException().Message);
            return await RecordAll(runId, attempt, [StoreRefusal.InPlaceOf(reported, refused)], cancellation);
        }
    }

    private async Task<bool> RecordAll(Guid runId, int attempt, IReadOnlyList<TrainerEvent> events, CancellationToken cancellation)
    {
        var queuedAgain = false;
        List<EpochEvent> stored = [];
        var held = await store.Write(async db =>
        {
            if (await db.LockRun(runId, cancellation) is not { } run || !run.IsHeldBy(attempt)) { return false; }

            var known = await Known.Read(db, run, events, cancellation);
            var epochs = new EpochBatch(db, run);
            foreach (var reported in events)
            {
                // A terminal event ends the attempt; what a confused Trainer says after it is not the run's any more.
                if (!RunTransitions.IsHeld(run.Status)) { break; }
                if (!known.IsNew(reported)) { continue; }

                if (reported is EpochEvent figures)
                {
                    epochs.Add(figures);
                    stored.Add(figures);
                }
                else { await StoreEvent(db, run, epochs, reported, cancellation); }
            }
            await epochs.Store(cancellation);
            queuedAgain = run.Status == RunStatus.Queued;
            return true;
        }, cancellation);
        RunTelemetry.Stored(stored);
        if (queuedAgain) { bell.Ring(); }
        return held;
    }

    private static async Task StoreEvent(
        RunsDb db, Run run, EpochBatch epochs, TrainerEvent reported, CancellationToken cancellation)
    {
        db.Tell(run, Kind(reported), reported.At, Describe(reported, run), JsonSerializer.Serialize(reported, ContractJson.Options));
        switch (reported)
        {
            case StartedEvent started:
                run.Metric = started.Metric;
                run.StartedJson = JsonSerializer.Serialize<TrainerEvent>(started, ContractJson.Options);
                if (run.Attempt > 1) { await epochs.VoidAfter(started.ResumedFromEpoch, cancellation); }
                break;
            case CheckpointEvent checkpoint:
                run.CheckpointEpoch = checkpoint.Epoch;
                run.CheckpointPath = Path.GetFileName(checkpoint.Path);
                run.CheckpointSha256 = checkpoint.Sha256;
                if (checkpoint.IsBest)
                {
                    (run.BestCheckpointEpoch, run.BestCheckpointPath, run.BestCheckpointSha256) = (run.CheckpointEpoch, run.CheckpointPath, run.CheckpointSha256);
                }
                break;
            case FinishedEvent finished:
                BestEpoch.Take(run, finished);
                run.PeakMemoryBytes = Math.Max(run.PeakMemoryBytes ?? 0, finished.PeakMemoryBytes);
                var late = run.Status == RunStatus.Cancelling;
                db.Move(run, RunAction.Succeed, await db.Now(cancellation), late ? "cancelled; the last epoch was already done" : "succeeded");
                break;
            case FailedEvent { Class: FailureClass.Infrastructure or FailureClass.Lost } failed:
                db.LoseAttempt(run, failed.Class, await db.Now(cancellation), failed.Message);
                break;
            case FailedEvent failed:
                if (failed.PeakMemoryBytes > 0) { run.PeakMemoryBytes = Math.Max(run.PeakMemoryBytes ?? 0, failed.PeakMemoryBytes); }
                db.Fail(run, failed.Class, await db.Now(cancellation), failed.Message);
                break;
            case StoppedEvent stopped:
                db.Move(run, RunAction.HandBack, await db.Now(cancellation), $"{RunMoves.WordFor(run, RunAction.HandBack)}; stopped after epoch {stopped.Epoch}");
                break;
        }
    }

    private static string Kind(TrainerEvent reported) => reported switch
    {
        StartedEvent => EventRow.StartedKind,
        LayersEvent => EventRow.LayersKind,
        MemoryEvent => EventRow.MemoryKind,
        CheckpointEvent => EventRow.CheckpointKind,
        LogEvent => "log",
        FinishedEvent => "finished",
        FailedEvent => "failed",
        StoppedEvent => "stopped",
        _ => throw new ArgumentOutOfRangeException(nameof(reported), reported.GetType().Name, "no such event"),
    };

    private static string Describe(TrainerEvent reported, Run run) => reported switch
    {
        StartedEvent { ResumedFromEpoch: > 0 } e => $"attempt {run.Attempt} continues after epoch {e.ResumedFromEpoch} on {e.Device}",
        StartedEvent e => $"{e.Dataset}: {e.Nodes} nodes, {e.Edges} edges; model: {e.Parameters} parameters; {e.Device}, {e.Threads} threads",
        LayersEvent e => $"figures of {e.GradientNorm.Count} layers after epoch {e.Epoch}",
        MemoryEvent e => $"memory in epoch {e.Epoch}",
        CheckpointEvent e => $"checkpoint of epoch {e.Epoch}, {e.Bytes} bytes",
        LogEvent e => e.Message,
        FinishedEvent e =>
            $"epoch {e.BestEpoch} of {e.Epochs} is best on the valid split: valid {Figure(e.BestValidMetric)}, test {Figure(e.TestMetric)}",
        FailedEvent e => $"{e.Class}: {e.Message}",
        StoppedEvent e => $"stopped after epoch {e.Epoch}",
        _ => reported.ToString(),
    };

    private static string Figure(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    /// <summary>Which of the reported events are stored already.</summary>
    private sealed class Known(HashSet<int> epochs, HashSet<string> bodies)
    {
        public static async Task<Known> Read(RunsDb db, Run run, IReadOnlyList<TrainerEvent> events, CancellationToken cancellation)
        {
            var epochs = events.OfType<EpochEvent>().Select(e => e.Epoch).ToList();
            var others = events.Where(e => e is not EpochEvent).ToList();

            // Of this attempt none is stored after the run's last: nothing to ask for, as a rule.
            var knownEpochs = epochs.Count == 0 || epochs.Min() > run.Epoch ? [] : await db.Epochs
                .Where(row => row.RunId == run.Id && row.Attempt == run.Attempt && row.Epoch >= epochs.Min() && row.Epoch <= epochs.Max())
                .Select(row => row.Epoch).ToListAsync(cancellation);
            if (others.Count == 0) { return new Known([.. knownEpochs], []); }

            // Postgres keeps microseconds: a little before the earliest time finds what was rounded down.
            var since = new DateTimeOffset(Math.Max(0, others.Min(e => e.At.UtcTicks) - TimeSpan.TicksPerMillisecond), TimeSpan.Zero);
            var bodies = await db.Events
                .Where(row => row.RunId == run.Id && row.Attempt == run.Attempt && row.At >= since && row.Body != null)
                .Select(row => row.Body!).ToListAsync(cancellation);
            return new Known([.. knownEpochs], [.. bodies]);
        }

        public bool IsNew(TrainerEvent reported) => reported is EpochEvent figures
            ? epochs.Add(figures.Epoch)
            : bodies.Add(JsonSerializer.Serialize(reported, ContractJson.Options));
    }
}
