using System.Threading.Channels;
using Contracts;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Web.Client;

namespace Web.Live;

/// <summary>
/// One run as it happens. Joins the run's group first, then fetches the history, then drops what came twice, so that a stored point is
/// neither missing nor shown twice; after a reconnect the same again. One loop does all the work, and delivers at most five times a
/// second.
/// </summary>
public sealed class RunFeed : IAsyncDisposable
{
    private static readonly TimeSpan DeliveryPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(2);

    private readonly Channel<object> _inbox = Channel.CreateUnbounded<object>(new() { SingleReader = true });
    private readonly CancellationTokenSource _over = new();
    private readonly RunHistoryLog _log = new();
    private readonly Guid _id;
    private readonly RunsApi _api;
    private readonly TimeProvider _time;
    private readonly Func<RunChanges, Task> _deliver;
    private readonly HubLine _line;
    private Task _work = Task.CompletedTask;

    public RunFeed(Guid id, RunsApi api, ApiAddress address, TimeProvider time, Func<RunChanges, Task> deliver)
    {
        (_id, _api, _time, _deliver) = (id, api, time, deliver);
        _line = new HubLine(address, time, () => Post(Resync.Instance), reason => Post(FeedState.Lost(reason)));
        _line.Connection.On<RunSummary, RunHistory>(nameof(IRunClient.RunProgressed), (run, added) => { if (run.Id == id) { Post(new Progress(run, added)); } });
    }

    public FeedState State { get; private set; } = FeedState.Loading;

    /// <summary>The run's row, as new as known.</summary>
    public RunSummary? Run { get; private set; }

    public RunSpec? Spec { get; private set; }
    public StartedEvent? Started { get; private set; }
    public IReadOnlyList<EpochPoint> Points => _log.Points;
    public IReadOnlyList<RunEvent> Events => _log.Events;

    public void Start()
    {
        _line.Start();
        _work = Work();
    }

    /// <summary>Asks anew at once, instead of at the next retry.</summary>
    public void Refresh() => Post(Resync.Instance);

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _line.DisposeAsync();
        await _work;
        _over.Dispose();
    }

    private void Post(object message) => _inbox.Writer.TryWrite(message);

    private async Task Work()
    {
        try
        {
            while (await _inbox.Reader.WaitToReadAsync(_over.Token))
            {
                while (_inbox.Reader.TryRead(out var message)) { await Take(message); }
                await _deliver(_log.Take());
                await Task.Delay(DeliveryPause, _time, _over.Token);
            }
        }
        catch (OperationCanceledException) when (_over.IsCancellationRequested)
        {
            // The page was left.
        }
    }

    private async Task Take(object message)
    {
        if (State.Condition == FeedCondition.Absent) { return; }
        try
        {
            switch (message)
            {
                case Resync: await JoinAndFetch(); break;
                case FeedState state: State = state; break;
                case Progress progress:
                    await Add(progress.Added);
                    await Add(progress.Run);
                    break;
            }
        }
        catch (Exception lost) when (lost is ApiException or HubException or InvalidOperationException or IOException)
        {
            State = FeedState.Lost(lost.Message);
            _ = AskAgainLater();
        }
    }

    private async Task JoinAndFetch()
    {
        // Still reconnecting: the line says when it is back.
        if (_line.Connection.State != HubConnectionState.Connected) { return; }

        await _line.Connection.InvokeAsync(nameof(IRunHub.WatchRun), _id, _over.Token);
        if (await _api.Get(_id, _over.Token) is not { } run) { State = FeedState.Absent; return; }

        (Run, Spec, Started) = (run, run.Spec, run.Started);
        await Fetch();
        State = FeedState.Live;
    }

    private async Task Fetch()
    {
        for (var before = -1L; before < _log.Seq;)
        {
            before = _log.Seq;
            _log.Add(await _api.History(_id, before, _over.Token));
        }
    }

    private async Task Add(RunHistory added)
    {
        if (_log.LeavesGap(added)) { await Fetch(); }
        _log.Add(added);
    }

    private async Task Add(RunSummary run)
    {
        if (Run is not null && run.Seq < Run.Seq) { return; }
        var over = Run is not null && !Display.IsOver(Run.Status) && Display.IsOver(run.Status);
        var unknown = Started is null && run.Metric is not null;
        Run = run;
        if (unknown) { Started = (await _api.Get(_id, _over.Token))?.Started; }

        // The last word about a run: nothing may be missing now, even if a message got lost.
        if (over) { await Fetch(); }
    }

    private async Task AskAgainLater()
    {
        try
        {
            await Task.Delay(RetryPause, _time, _over.Token);
            Post(Resync.Instance);
        }
        catch (OperationCanceledException)
        {
            // The page was left.
        }
    }

    private sealed record Progress(RunSummary Run, RunHistory Added);

    private sealed class Resync
    {
        public static Resync Instance { get; } = new();
    }
}
