using System.Threading.Channels;
using Runs;

namespace Worker;

/// <summary>Renews the lease of one attempt, and tells what the store answers, or that it has not answered for too long.</summary>
internal sealed class LeaseKeeper(ClaimedRun run, WorkerSettings settings, RunQueue queue, TimeProvider time, ILogger log)
{
    /// <summary>Also where signals say all the time that the row changed.</summary>
    private readonly TimeSpan atMostEvery = settings.RenewEvery / 5;
    private readonly Channel<bool> changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private long held = time.GetTimestamp();

    /// <summary>Something happened to the run's row: see what, without waiting for the next renewal.</summary>
    public void Look() => changes.Writer.TryWrite(true);

    /// <summary>
    /// Until <paramref name="over"/>. <paramref name="cutOff"/> gets the time that is left until the lease is over elsewhere: the store may serve
    /// others, and another attempt may begin then.
    /// </summary>
    public async Task Keep(Action<LeaseAnswer> answered, Action<TimeSpan> cutOff, CancellationToken over)
    {
        try
        {
            while (true)
            {
                await Task.Delay(atMostEvery, time, over);
                await ChangeOr(settings.RenewEvery - atMostEvery, over);
                await Renew(answered, cutOff, over);
            }
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested) { } // the attempt is over
    }

    private async Task ChangeOr(TimeSpan wait, CancellationToken over)
    {
        using var limit = new CancellationTokenSource(wait, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, over);
        try { await changes.Reader.ReadAsync(either.Token); }
        catch (OperationCanceledException) when (!over.IsCancellationRequested) { } // a quiet time: it is due anyway
    }

    private async Task Renew(Action<LeaseAnswer> answered, Action<TimeSpan> cutOff, CancellationToken over)
    {
        // Before it is asked: the lease counts from somewhere between the question and the answer.
        var asked = time.GetTimestamp();
        try
        {
            // Not waited for longer: the driver's own end of a question to a store that is silent takes half a minute, cancelled or not.
            var answer = await queue.Renew(run.Id, run.Attempt, over).WaitAsync(settings.RenewEvery, time, over);
            held = asked;
            answered(answer);
        }
        catch (Exception failure) when (!over.IsCancellationRequested)
        {
            log.LogWarning("Run {Run}: the lease could not be renewed: {Reason}", run.Id, failure.GetBaseException().Message);

            // While the store is away for all nobody can take the run: training goes on. Where it may be away for this worker only, the
            // attempt ends before another one can begin; the fence refuses what it writes after that, but two must not train at once.
            var silence = time.GetElapsedTime(held);
            if (silence >= settings.StopAfterSilence && !StoreAbsence.IsForAll(failure)) { cutOff(settings.KillAfterSilence - silence); }

            // When the store is back, be faster than those who look for leases that are over.
            Look();
        }
    }
}
