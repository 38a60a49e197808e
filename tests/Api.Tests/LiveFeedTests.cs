using System.Collections.Concurrent;
using Contracts;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.EntityFrameworkCore;
using Runs;
using Testing;
using static Api.Tests.ApiHost;

namespace Api.Tests;

public sealed class LiveFeedTests(PostgresFixture postgres)
{
    [Theory, OnBothStores]
    public async Task A_client_that_joins_in_the_middle_sees_every_epoch_once(StoreKind store)
    {
        await using var host = await ApiHost.Start(store, postgres);
        var run = await host.ClaimedRun();
        var epochs = int.MaxValue; // until the client has joined, and then some more
        var recording = Task.Run(async () =>
        {
            for (var epoch = 1; epoch <= Volatile.Read(ref epochs); epoch++) { Assert.True(await host.Recorder.Record(run.Id, run.Attempt, [Epoch(epoch)], Token)); }
            Assert.True(await host.Recorder.Record(run.Id, run.Attempt, [Finished], Token));
        }, Token);
        await Eventually(async () => (await host.Get<RunDetail>($"/api/v1/runs/{run.Id}")).Epoch >= 20);

        // Join, then look, then drop what comes twice.
        await using var connection = await host.Connect();
        var live = new ConcurrentQueue<EpochPoint>();
        var over = new TaskCompletionSource<RunSummary>();
        connection.On<RunSummary, RunHistory>(nameof(IRunClient.RunProgressed), (changed, added) =>
        {
            Assert.Equal(run.Id, changed.Id);
            foreach (var point in added.Epochs) { live.Enqueue(point); }
            if (changed.Status == RunStatus.Succeeded) { over.TrySetResult(changed); }
        });
        await connection.InvokeAsync("WatchRun", run.Id, Token);
        var history = await host.Get<RunHistory>($"/api/v1/runs/{run.Id}/metrics");
        Assert.True(history.Epochs.Count >= 20);
        Volatile.Write(ref epochs, (await host.Get<RunDetail>($"/api/v1/runs/{run.Id}")).Epoch + 50);

        await recording;
        Assert.Equal(epochs, (await over.Task.WaitAsync(TimeSpan.FromSeconds(20), Token)).Epoch);
        Assert.Equal(live.Select(point => point.Seq), live.Select(point => point.Seq).Distinct().Order());
        var seen = history.Epochs.Concat(live.Where(point => point.Seq > history.Seq)).Select(point => point.Figures.Epoch);
        Assert.Equal(Enumerable.Range(1, epochs), seen);
    }

    [Theory, OnBothStores]
    public async Task A_worker_that_is_late_is_told_of_by_run_list_and_hub(StoreKind store)
    {
        await using var host = await ApiHost.Start(store, postgres);
        var run = await host.ClaimedRun();
        Assert.Null((await host.Get<RunDetail>($"/api/v1/runs/{run.Id}")).SilentSince);
        await using var connection = await host.Connect();
        var heard = new ConcurrentQueue<RunSummary>();
        connection.On<RunSummary, RunHistory>(nameof(IRunClient.RunProgressed), (told, _) => heard.Enqueue(told));
        await connection.InvokeAsync("WatchRun", run.Id, Token);

        DateTimeOffset seen;
        await using (var db = host.Open())
        {
            seen = await db.Now(Token) - RunQueue.LateAfter - TimeSpan.FromSeconds(3);
            await db.Runs.Where(row => row.Id == run.Id).ExecuteUpdateAsync(row => row.SetProperty(r => r.LeaseUntil, seen + RunQueue.Lease), Token);
        }
        await host.Store.Tell([run.Id], Token);
        await Eventually(() => Task.FromResult(heard.Any(told => told.SilentSince == seen)));
        Assert.Equal(seen, (await host.Get<RunDetail>($"/api/v1/runs/{run.Id}")).SilentSince);
        Assert.Equal(seen, Assert.Single((await host.Get<RunPage>("/api/v1/runs")).Items).SilentSince);
    }

    [Theory, OnBothStores]
    public async Task The_list_hears_of_new_runs_and_changes_and_a_run_s_group_only_of_its_own(StoreKind store)
    {
        await using var host = await ApiHost.Start(store, postgres);
        await using var connection = await host.Connect();
        var heard = new ConcurrentQueue<RunSummary>();
        connection.On<RunSummary>(nameof(IRunClient.RunChanged), heard.Enqueue);
        var progressed = new ConcurrentQueue<RunSummary>();
        connection.On<RunSummary, RunHistory>(nameof(IRunClient.RunProgressed), (told, _) => progressed.Enqueue(told));
        await connection.InvokeAsync("WatchRuns", Token);

        var run = await host.Post(Spec());
        await Eventually(() => Task.FromResult(heard.Any(h => h.Id == run.Id && h.Status == RunStatus.Queued)));
        await host.Http.PostAsync($"/api/v1/runs/{run.Id}/cancel", null, Token);
        await Eventually(() => Task.FromResult(heard.Any(h => h.Id == run.Id && h.Status == RunStatus.Cancelled)));

        await connection.InvokeAsync("UnwatchRuns", Token);
        var watched = await host.Post(Spec("watched"));
        await connection.InvokeAsync("WatchRun", watched.Id, Token);
        var other = await host.Post(Spec("other"));
        await host.Http.PostAsync($"/api/v1/runs/{other.Id}/cancel", null, Token);
        await host.Http.PostAsync($"/api/v1/runs/{watched.Id}/cancel", null, Token);
        await Eventually(() => Task.FromResult(progressed.Any(told => told.Id == watched.Id && told.Status == RunStatus.Cancelled)));
        Assert.All(progressed, told => Assert.Equal(watched.Id, told.Id));
        Assert.DoesNotContain(heard, told => told.Id == watched.Id || told.Id == other.Id);
    }

    [Fact]
    public async Task A_restarted_service_goes_on_where_the_history_ends()
    {
        var database = await postgres.NewDatabase(StoreKind.Postgres);
        RunHistory history;
        Runs.ClaimedRun run;
        await using (var before = await ApiHost.Start(database))
        {
            run = await before.ClaimedRun();
            await before.Recorder.Record(run.Id, run.Attempt, [Epoch(1), Epoch(2)], Token);
            history = await before.Get<RunHistory>($"/api/v1/runs/{run.Id}/metrics");
        }

        await using var after = await ApiHost.Start(database);
        await using var connection = await after.Connect();
        var first = new TaskCompletionSource<RunHistory>();
        connection.On<RunSummary, RunHistory>(nameof(IRunClient.RunProgressed), (_, added) => first.TrySetResult(added));
        await connection.InvokeAsync("WatchRun", run.Id, Token);
        await after.Recorder.Record(run.Id, run.Attempt, [Epoch(3)], Token);
        var added = await first.Task.WaitAsync(TimeSpan.FromSeconds(20), Token);
        Assert.Equal([3], added.Epochs.Select(point => point.Figures.Epoch));
        Assert.Equal(history.Seq + 1, added.Seq);
    }

    private static async Task Eventually(Func<Task<bool>> isSo)
    {
        var limit = DateTime.UtcNow.AddSeconds(20);
        while (!await isSo())
        {
            Assert.True(DateTime.UtcNow < limit, "did not become so within 20 s");
            await Task.Delay(20, Token);
        }
    }
}
