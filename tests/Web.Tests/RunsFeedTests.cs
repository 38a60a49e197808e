using Contracts;
using Web.Client;
using Web.Live;

namespace Web.Tests;

public sealed class RunsFeedTests : IAsyncDisposable
{
    private readonly HttpClient _http = new();
    private RunsFeed? _feed;

    public async ValueTask DisposeAsync()
    {
        if (_feed is not null) { await _feed.DisposeAsync(); }
        _http.Dispose();
    }

    [Fact]
    public async Task A_new_run_appears_on_top_and_a_changed_one_in_place()
    {
        await using var server = await RunServer.Started();
        var first = Add(server, "first", minutesAgo: 2);
        Add(server, "second", minutesAgo: 1);
        Watch(server, new());
        await Shown("second", "first");

        await Add(server, "third", minutesAgo: 0).SendRow();
        await Shown("third", "second", "first");

        await first.Become(RunStatus.Succeeded);
        await Eventually.Holds(() => _feed!.Runs.Single(run => run.Name == "first").Status == RunStatus.Succeeded, () => "the row did not change");
        await Shown("third", "second", "first");
    }

    [Fact]
    public async Task A_run_leaves_the_list_when_the_filter_no_longer_matches()
    {
        await using var server = await RunServer.Started();
        var run = Add(server, "first", minutesAgo: 2);
        Add(server, "second", minutesAgo: 1);
        Watch(server, RunFilter.Parse("running", null, null));
        await Shown("second", "first");

        await run.Become(RunStatus.Failed);
        await Shown("second");
    }

    [Fact]
    public async Task A_text_is_found_on_later_pages_too()
    {
        await using var server = await RunServer.Started();
        for (var i = 0; i < 230; i++) { Add(server, $"other {i}", minutesAgo: i); }
        Add(server, "the needle", minutesAgo: 500);
        Watch(server, RunFilter.Parse(null, null, "NEEDLE"));
        await Shown("the needle");
    }

    [Fact]
    public async Task More_pages_follow_when_asked_for_and_stay_after_a_restart()
    {
        await using var server = await RunServer.Started();
        for (var i = 0; i < 70; i++) { Add(server, $"run {i}", minutesAgo: i); }
        Watch(server, new());
        await Eventually.Holds(() => _feed!.Runs.Count == 50 && _feed.HasMore, () => $"found {_feed!.Runs.Count} runs");
        _feed!.LoadMore();
        await Eventually.Holds(() => _feed.Runs.Count == 70 && !_feed.HasMore, () => $"found {_feed.Runs.Count} runs");

        await server.Stop();
        await Eventually.Holds(() => _feed.State.Condition == FeedCondition.Lost, () => "the loss was not noticed");
        Add(server, "born meanwhile", minutesAgo: -1);
        await server.Start();
        await Eventually.Holds(() => _feed.Runs.Count == 71 && _feed.Runs[0].Name == "born meanwhile", () => $"found {_feed.Runs.Count} runs, first {_feed.Runs[0].Name}");
        Assert.Equal(71, _feed.Runs.Select(run => run.Id).Distinct().Count());
    }

    [Fact]
    public async Task A_filter_change_shows_other_runs()
    {
        await using var server = await RunServer.Started();
        Add(server, "mine", minutesAgo: 2, group: "a");
        Add(server, "yours", minutesAgo: 1, group: "b");
        Watch(server, RunFilter.Parse(null, "a", null));
        await Shown("mine");
        _feed!.Show(RunFilter.Parse(null, "b", null));
        await Shown("yours");
    }

    private static StoredRun Add(RunServer server, string name, int minutesAgo, string? group = null) =>
        server.Add(run => run with { Name = name, Group = group, CreatedAt = DateTimeOffset.UtcNow.AddMinutes(-minutesAgo) });

    private void Watch(RunServer server, RunFilter filter)
    {
        var address = Watching.AddressOf(server.Url);
        _http.BaseAddress = address.Value;
        _feed = new RunsFeed(filter, new RunsApi(_http), address, TimeProvider.System, () => Task.CompletedTask);
        _feed.Start();
    }

    private Task Shown(params string[] names) => Eventually.Equals(names, () => [.. _feed!.Runs.Select(run => run.Name)]);
}
