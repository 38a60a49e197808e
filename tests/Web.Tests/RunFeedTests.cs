using Contracts;
using Web.Live;

namespace Web.Tests;

public sealed class RunFeedTests
{
    [Fact]
    public async Task A_feed_shows_the_history_and_then_what_is_sent_live()
    {
        await using var server = await RunServer.Started();
        var run = server.Add();
        run.StoreEvent("started");
        run.StoreEpochs(1, 5);
        await using var watching = new Watching(server, run.Id);
        await Eventually.Equals([1, 2, 3, 4, 5], () => watching.Chart);

        var cursor = run.Row.Seq;
        run.StoreEpochs(6, 8);
        await run.Send(cursor);
        await Eventually.Equals([1, 2, 3, 4, 5, 6, 7, 8], () => watching.Chart);
        Assert.Equal(FeedCondition.Live, watching.Feed.State.Condition);
        Assert.Equal("started", Assert.Single(watching.Feed.Events).Kind);
    }

    [Fact]
    public async Task A_feed_drops_points_that_came_live_while_the_history_was_fetched()
    {
        await using var server = await RunServer.Started();
        var run = server.Add();
        run.StoreEpochs(1, 5);
        // Between joining and the history's answer: overlapping, repeated and newer messages.
        var overlapped = false;
        server.BeforeHistory = async () =>
        {
            if (overlapped) { return; }
            overlapped = true;
            await run.Send(after: 2);
            run.StoreEpochs(6, 7);
            await run.Send(after: 3);
            await run.Send(after: 5);
        };
        await using var watching = new Watching(server, run.Id);

        await Eventually.Equals([1, 2, 3, 4, 5, 6, 7], () => watching.Chart);
        run.StoreEpochs(8, 8);
        await run.Send(after: 6);
        await Eventually.Equals([1, 2, 3, 4, 5, 6, 7, 8], () => watching.Chart);
    }

    [Fact]
    public async Task A_feed_fetches_what_a_lost_message_left_out()
    {
        await using var server = await RunServer.Started();
        var run = server.Add();
        run.StoreEpochs(1, 3);
        await using var watching = new Watching(server, run.Id);
        await Eventually.Equals([1, 2, 3], () => watching.Chart);

        run.StoreEpochs(4, 6);
        var cursor = run.Row.Seq;
        run.StoreEpochs(7, 7);
        await run.Send(cursor);
        await Eventually.Equals([1, 2, 3, 4, 5, 6, 7], () => watching.Chart);
    }

    [Fact]
    public async Task A_feed_fetches_the_last_points_when_a_run_ends_without_a_message()
    {
        await using var server = await RunServer.Started();
        var run = server.Add();
        run.StoreEpochs(1, 3);
        await using var watching = new Watching(server, run.Id);
        await Eventually.Equals([1, 2, 3], () => watching.Chart);

        run.StoreEpochs(4, 4);
        await run.Become(RunStatus.Succeeded);
        await Eventually.Equals([1, 2, 3, 4], () => watching.Chart);
        Assert.Equal(RunStatus.Succeeded, watching.Feed.Run!.Status);
    }

    [Fact]
    public async Task A_feed_reads_a_history_that_comes_in_pages()
    {
        await using var server = await RunServer.Started();
        server.HistoryPage = 7;
        var run = server.Add();
        run.StoreEpochs(1, 50);
        await using var watching = new Watching(server, run.Id);
        await Eventually.Equals([.. Enumerable.Range(1, 50)], () => watching.Chart);
    }

    [Fact]
    public async Task A_feed_misses_nothing_when_the_server_restarts()
    {
        await using var server = await RunServer.Started();
        var run = server.Add();
        run.StoreEpochs(1, 4);
        await using var watching = new Watching(server, run.Id);
        await Eventually.Equals([1, 2, 3, 4], () => watching.Chart);

        await server.Stop();
        await Eventually.Holds(() => watching.Feed.State.Condition == FeedCondition.Lost, () => "the feed did not notice that the server is gone");
        run.StoreEpochs(5, 9);
        await server.Start();

        await Eventually.Equals([.. Enumerable.Range(1, 9)], () => watching.Chart);
        var cursor = run.Row.Seq;
        run.StoreEpochs(10, 10);
        await run.Send(cursor);
        await Eventually.Equals([.. Enumerable.Range(1, 10)], () => watching.Chart);
        Assert.Equal(FeedCondition.Live, watching.Feed.State.Condition);
    }

    [Fact]
    public async Task A_feed_waits_for_a_server_that_is_not_there_yet()
    {
        await using var server = await RunServer.Started();
        var run = server.Add();
        run.StoreEpochs(1, 2);
        await server.Stop();
        await using var watching = new Watching(server, run.Id);
        await Eventually.Holds(() => watching.Feed.State.Condition == FeedCondition.Lost, () => "an absent server was not noticed");

        await server.Start();
        await Eventually.Equals([1, 2], () => watching.Chart);
    }

    [Fact]
    public async Task A_feed_asks_again_when_the_history_is_refused()
    {
        await using var server = await RunServer.Started();
        var run = server.Add();
        run.StoreEpochs(1, 2);
        server.Refuses = true;
        await using var watching = new Watching(server, run.Id);
        await Eventually.Holds(() => watching.Feed.State.Condition == FeedCondition.Lost, () => "a refusal was not noticed");

        server.Refuses = false;
        await Eventually.Equals([1, 2], () => watching.Chart);
    }

    [Fact]
    public async Task A_new_attempt_voids_the_points_after_its_checkpoint()
    {
        await using var server = await RunServer.Started();
        var run = server.Add();
        run.StoreEvent("started", resumedFrom: 0);
        run.StoreEpochs(1, 45);
        await using var watching = new Watching(server, run.Id);
        await Eventually.Equals([.. Enumerable.Range(1, 45)], () => watching.Chart);

        var cursor = run.Row.Seq;
        run.StoreAttempt(2, resumedFrom: 40);
        run.StoreEpochs(41, 43);
        await run.Send(cursor);
        await Eventually.Equals([.. Enumerable.Range(1, 43)], () => watching.Chart);
        Assert.All(watching.Feed.Points, point => Assert.Equal(point.Figures.Epoch <= 40 ? 1 : 2, point.Attempt));
    }

    [Fact]
    public async Task Points_come_in_few_deliveries_however_many_messages_there_are()
    {
        await using var server = await RunServer.Started();
        var run = server.Add();
        await using var watching = new Watching(server, run.Id);
        await Eventually.Holds(() => watching.Feed.State.Condition == FeedCondition.Live, () => "never live");

        var start = TimeProvider.System.GetTimestamp();
        for (var epoch = 1; epoch <= 300; epoch++)
        {
            run.StoreEpochs(epoch, epoch);
            await run.Send(epoch - 1);
        }

        await Eventually.Equals([.. Enumerable.Range(1, 300)], () => watching.Chart);
        var seconds = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        Assert.True(watching.Deliveries <= 3 + (seconds * 5), $"{watching.Deliveries} deliveries in {seconds:0.0} s, needed at most 5 a second");
    }

    [Fact]
    public async Task A_feed_tells_when_there_is_no_such_run()
    {
        await using var server = await RunServer.Started();
        await using var watching = new Watching(server, Guid.NewGuid());
        await Eventually.Holds(() => watching.Feed.State.Condition == FeedCondition.Absent, () => $"found {watching.Feed.State}");
    }
}
