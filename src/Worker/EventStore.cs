using System.Threading.Channels;
using Contracts;
using Runs;

namespace Worker;

/// <summary>
/// The events of one attempt on their way to the store: spooled at once, stored in batches. Whoever reports never waits for the store;
/// while it is away the events wait in memory and in the spool.
/// </summary>
internal sealed class EventStore(ClaimedRun run, Spool spool, KeptCheckpoints checkpoints, RunRecorder recorder, TimeProvider time, ILogger log)
{
    private const int MaxBatch = 500;

    /// <summary>What a loss of power may take of the spool.</summary>
    private static readonly TimeSpan FlushEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>From one transaction of a run to the next: people see no difference below this, the database does.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);

    /// <summary>The same where so many events come that none of them is looked at by itself; each transaction takes time from the training beside it.</summary>
    private static readonly TimeSpan PaceOfMany = TimeSpan.FromMilliseconds(200);
    private const int Many = 4;

    private readonly Channel<TrainerEvent> waiting = Channel.CreateUnbounded<TrainerEvent>(new UnboundedChannelOptions { SingleReader = true });
    private readonly TaskCompletionSource completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool spoolIsBroken;

    public void Add(TrainerEvent happened)
    {
        try
        {
            // Spooled: if this process dies from here on, the next one of its name stores the event.
            if (!spoolIsBroken) { spool.Append(happened); }
            if (happened is CheckpointEvent written) { checkpoints.Written(written); }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            spoolIsBroken = true;
            log.LogWarning("The spool cannot be written: {Reason}", failure.Message);
            waiting.Writer.TryWrite(new LogEvent { At = time.GetUtcNow(), Level = "warning", Message = $"the worker's spool cannot be written ({failure.Message}); events are stored without it" });
        }

        waiting.Writer.TryWrite(happened);
    }

    /// <summary>No more events: what is left is stored without waiting for the next beat.</summary>
    public void Complete()
    {
        waiting.Writer.TryComplete();
        completed.TrySetResult();
    }

    /// <summary>Brings the spool to the disk, for as long as events may come.</summary>
    public async Task FlushSpool()
    {
        try
        {
            while (!completed.Task.IsCompleted)
            {
                await Task.WhenAny(Task.Delay(FlushEvery, time), completed.Task);
                spool.Flush();
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            log.LogWarning("The spool cannot be brought to the disk: {Reason}", failure.Message);
        }
    }

    /// <summary>True when everything is stored; false when the run is no longer this attempt's.</summary>
    /// <exception cref="OperationCanceledException">Given up on; the spool has what is missing.</exception>
    public async Task<bool> StoreAll(CancellationToken giveUp)
    {
        var batch = new List<TrainerEvent>();
        while (await waiting.Reader.WaitToReadAsync(giveUp))
        {
            while (batch.Count < MaxBatch && waiting.Reader.TryRead(out var next)) { batch.Add(next); }
            var began = time.GetTimestamp();
            var held = await Insistence.UntilDone(() => recorder.Record(run.Id, run.Attempt, batch, giveUp), $"Storing {batch.Count} events of run {run.Id}", time, log, giveUp);
            if (!held) { return false; }

            foreach (var registered in batch.OfType<CheckpointEvent>()) { checkpoints.Registered(registered); }

            // Stored: if this process dies from here on, the next one stores the same events again, which changes nothing.
            var pace = batch.Count < Many ? Pace : PaceOfMany;
            batch.Clear();
            if (pace - time.GetElapsedTime(began) is { Ticks: > 0 } rest) { await Task.WhenAny(Task.Delay(rest, time, giveUp), completed.Task); }
        }

        return true;
    }
}
