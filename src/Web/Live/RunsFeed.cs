using System.Threading.Channels;
using Contracts;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Web.Client;

namespace Web.Live;

/// <summary>
/// The newest runs that match a filter, as they change: joins the list's group, fetches as many pages as were shown, then follows.
/// One loop owns the list, and delivers at most five times a second.
/// </summary>
public sealed class RunsFeed : IAsyncDisposable
{
    private const int PageSize = 50;
    private const int SearchPageSize = 200;
    private static readonly TimeSpan DeliveryPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(2);

    private readonly Channel<object> _inbox = Channel.CreateUnbounded<object>(new() { SingleReader = true });
    private readonly CancellationTokenSource _over = new();
    private readonly RunsApi _api;
    private readonly TimeProvider _time;
    private readonly Func<Task> _deliver;
    private readonly HubLine _line;
    private List<RunSummary> _runs = [];
    private string? _cursor;
    private int _wanted = PageSize;
    private Task _work = Task.CompletedTask;

    public RunsFeed(RunFilter filter, RunsApi api, ApiAddress address, TimeProvider time, Func<Task> deliver)
    {
        (Filter, _api, _time, _deliver) = (filter, api, time, deliver);
        _line = new HubLine(address, time, () => Post(Wish.Fetch), reason => Post(FeedState.Lost(reason)));
        _line.Connection.On<RunSummary>(nameof(IRunClient.RunChanged), Post);
    }

    private enum Wish { Fetch, More }

    /// <summary>Fetch every page at once, for a group that is compared as a whole.</summary>
    public bool Whole { get; init; }

    public FeedState State { get; private set; } = FeedState.Loading;
    public RunFilter Filter { get; private set; }

    /// <summary>Newest first. A fresh list each time something changes, safe to render from.</summary>
    public IReadOnlyList<RunSummary> Runs { get; private set; } = [];

    public bool HasMore => _cursor is not null;

    public void Start()
    {
        _line.Start();
        _work = Work();
    }

    public void Show(RunFilter filter) => Post(filter);

    public void LoadMore() => Post(Wish.More);

    public void Refresh() => Post(Wish.Fetch);

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _line.DisposeAsync();
        await _work;
        _over.Dispose();
    }

    private void Post(object message) => _inbox.Writer.TryWrite(message);
    private void Post(RunSummary run) => Post((object)run);
    private void Post(Wish wish) => Post((object)wish);

    private async Task Work()
    {
        try
        {
            while (await _inbox.Reader.WaitToReadAsync(_over.Token))
            {
                while (_inbox.Reader.TryRead(out var message)) { await Take(message); }
                Runs = [.. _runs];
                await _deliver();
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
        try
        {
            switch (message)
            {
                case Wish.Fetch: await JoinAndFetch(); break;
                case Wish.More: await FetchNextPage(); break;
                case RunFilter filter: Filter = filter; _wanted = PageSize; await Fetch(); break;
                case RunSummary run: Merge(run); break;
                case FeedState state: State = state; break;
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
        if (_line.Connection.State != HubConnectionState.Connected) { return; }
        await _line.Connection.InvokeAsync(nameof(IRunHub.WatchRuns), _over.Token);
        await Fetch();
    }

    private async Task Fetch()
    {
        (_runs, _cursor) = await FetchAfter(null, _wanted);
        if (_line.Connection.State == HubConnectionState.Connected) { State = FeedState.Live; }
    }

    private async Task FetchNextPage()
    {
        if (_cursor is null) { return; }
        var (runs, cursor) = await FetchAfter(_cursor, PageSize);
        _cursor = cursor;
        _runs.AddRange(runs.Where(run => _runs.All(known => known.Id != run.Id)));
        _wanted = Math.Max(_wanted, _runs.Count);
    }

    // The API filters by status and group; the text is looked for here, over as many pages as it takes.
    private async Task<(List<RunSummary> Runs, string? Cursor)> FetchAfter(string? cursor, int wanted)
    {
        var runs = new List<RunSummary>();
        do
        {
            var page = await _api.List(Filter, cursor, Filter.Text is null ? PageSize : SearchPageSize, _over.Token);
            runs.AddRange(page.Items.Where(Filter.Matches));
            cursor = page.NextCursor;
        }
        while (cursor is not null && (Whole || runs.Count < wanted));
        return (runs, cursor);
    }

    private void Merge(RunSummary run)
    {
        var at = _runs.FindIndex(known => known.Id == run.Id);
        if (at >= 0)
        {
            if (run.Seq < _runs[at].Seq) { return; }
            if (Filter.Matches(run)) { _runs[at] = run; } else { _runs.RemoveAt(at); }
            return;
        }

        if (!Filter.Matches(run)) { return; }
        var place = _runs.FindIndex(known => known.CreatedAt < run.CreatedAt);
        // Older than all that is shown: it is on a page not fetched yet.
        if (place < 0 && HasMore) { return; }
        _runs.Insert(place < 0 ? _runs.Count : place, run);
    }

    private async Task AskAgainLater()
    {
        try
        {
            await Task.Delay(RetryPause, _time, _over.Token);
            Post(Wish.Fetch);
        }
        catch (OperationCanceledException)
        {
            // The page was left.
        }
    }
}
