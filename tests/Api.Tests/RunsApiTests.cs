using System.Net;
using System.Text.Json;
using Contracts;
using Testing;
using static Api.Tests.ApiHost;

namespace Api.Tests;

public sealed class RunsApiTests(PostgresFixture postgres)
{
    [Theory, OnBothStores]
    public async Task A_posted_run_is_accepted_and_found_where_the_answer_says(StoreKind store)
    {
        await using var host = await ApiHost.Start(store, postgres);
        var answer = await host.PostText(JsonSerializer.Serialize(Spec("first", "trial"), ContractJson.Options));
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        var run = await host.Get<RunDetail>(answer.Headers.Location!.ToString());
        Assert.Equal(("first", "trial", RunStatus.Queued, 4, 50), (run.Name, run.Group, run.Status, run.Spec.Model.Layers, run.Epochs));
        Assert.Equal(run.Id, Assert.Single((await host.Get<RunPage>("/api/v1/runs")).Items).Id);
    }

    [Theory, OnBothStores]
    public async Task The_list_comes_newest_first_in_pages_that_new_runs_do_not_shift(StoreKind store)
    {
        await using var host = await ApiHost.Start(store, postgres);
        var posted = new List<Guid>();
        for (var i = 0; i < 7; i++) { posted.Add((await host.Post(Spec($"run {i}"))).Id); }

        var listed = new List<Guid>();
        var sizes = new List<int>();
        string? cursor = null;
        do
        {
            var page = await host.Get<RunPage>($"/api/v1/runs?limit=3&cursor={cursor}");
            listed.AddRange(page.Items.Select(run => run.Id));
            sizes.Add(page.Items.Count);
            cursor = page.NextCursor;
            await host.Post(Spec("later"));
        }
        while (cursor is not null);

        Assert.Equal(Enumerable.Reverse(posted), listed);
        Assert.Equal([3, 3, 1], sizes);
    }

    [Theory, OnBothStores]
    public async Task The_list_is_filtered_by_status_and_group(StoreKind store)
    {
        await using var host = await ApiHost.Start(store, postgres);
        var a = await host.Post(Spec(group: "a"));
        var b = await host.Post(Spec(group: "b"));
        await host.Queue.Claim("worker-a", Token);

        async Task<Guid[]> Ids(string query) => [.. (await host.Get<RunPage>("/api/v1/runs?" + query)).Items.Select(run => run.Id)];
        Assert.Equal([b.Id], await Ids("group=b"));
        Assert.Equal([a.Id], await Ids("status=running"));
        Assert.Equal([b.Id, a.Id], await Ids("status=running,queued"));
        Assert.Empty(await Ids("status=queued&group=a"));
    }

    [Theory, OnBothStores]
    public async Task Figures_are_read_after_a_cursor_with_NaN_and_infinity(StoreKind store)
    {
        await using var host = await ApiHost.Start(store, postgres);
        var run = await host.ClaimedRun();
        await host.Recorder.Record(run.Id, run.Attempt, [Epoch(1) with { TrainLoss = double.NaN, ValidLoss = double.PositiveInfinity }], Token);
        var first = await host.Get<RunHistory>($"/api/v1/runs/{run.Id}/metrics");
        Assert.Equal((double.NaN, double.PositiveInfinity), (first.Epochs[0].Figures.TrainLoss, first.Epochs[0].Figures.ValidLoss));
        Assert.Equal(2, first.Events.Count);

        await host.Recorder.Record(run.Id, run.Attempt, [Epoch(2)], Token);
        var next = await host.Get<RunHistory>($"/api/v1/runs/{run.Id}/metrics?after={first.Seq}");
        Assert.Equal([2], next.Epochs.Select(e => e.Figures.Epoch));
        var events = await host.Get<RunHistory>($"/api/v1/runs/{run.Id}/events");
        Assert.Equal((0, 2), (events.Epochs.Count, events.Events.Count));
    }

    [Theory, OnBothStores]
    public async Task A_run_says_how_far_it_is_and_how_it_ended(StoreKind store)
    {
        await using var host = await ApiHost.Start(store, postgres);
        var run = await host.ClaimedRun();
        var started = new StartedEvent { At = DateTimeOffset.UtcNow, Dataset = "karate", Metric = "accuracy", Device = "cpu", Nodes = 34 };
        await host.Recorder.Record(run.Id, run.Attempt, [started, Epoch(1), Epoch(2)], Token);
        var running = await host.Get<RunDetail>($"/api/v1/runs/{run.Id}");
        Assert.Equal((RunStatus.Running, 2, 2, 34, "worker-a"), (running.Status, running.Epoch, running.BestEpoch, running.Started!.Nodes, running.Worker));

        await host.Recorder.Record(run.Id, run.Attempt, [new FailedEvent { At = DateTimeOffset.UtcNow, Class = FailureClass.OutOfMemory, Message = "needed 9 GB" }], Token);
        var failed = await host.Get<RunDetail>($"/api/v1/runs/{run.Id}");
        Assert.Equal((RunStatus.Failed, FailureClass.OutOfMemory, "needed 9 GB"), (failed.Status, failed.FailureClass, failed.FailureMessage));
    }

    [Theory, OnBothStores]
    public async Task Figures_by_layer_come_one_for_each_epoch_and_stay_out_of_the_log(StoreKind store)
    {
        await using var host = await ApiHost.Start(store, postgres);
        var run = await host.ClaimedRun();
        await host.Recorder.Record(run.Id, run.Attempt, [Epoch(1), Layers(2, 0.5), Layers(1, 0.25), Layers(2, 0.125)], Token);

        var layers = await host.Get<RunLayers>($"/api/v1/runs/{run.Id}/layers");
        Assert.Equal([(1, 0.25), (2, 0.125)], layers.Epochs.Select(figures => (figures.Epoch, figures.DirichletEnergy[1])));
        Assert.True(double.IsNaN(layers.Epochs[0].DirichletEnergy[0]));
        Assert.Equal([1e-9, 2.5], layers.Epochs[0].GradientNorm);
        Assert.DoesNotContain((await host.Get<RunHistory>($"/api/v1/runs/{run.Id}/metrics")).Events, happened => happened.Kind == "layers");

        using var unknown = await Problem.Of(await host.Http.GetAsync($"/api/v1/runs/{Guid.NewGuid()}/layers", Token), HttpStatusCode.NotFound);
        Assert.Empty((await host.Get<RunLayers>($"/api/v1/runs/{(await host.Post(Spec())).Id}/layers")).Epochs);

        static LayersEvent Layers(int epoch, double energy) => new()
        {
            At = DateTimeOffset.UtcNow, Epoch = epoch, DirichletEnergy = [double.NaN, energy], MeanAverageDistance = [double.NaN, 0.1],
            DeadShare = [double.NaN, 0], GradientNorm = [1e-9, 2.5],
        };
    }

    [Theory, OnBothStores]
    public async Task Figures_of_memory_come_as_they_were_reported(StoreKind store)
    {
        await using var host = await ApiHost.Start(store, postgres);
        var run = await host.ClaimedRun();
        var phase = new PhaseMemory { ResidentPeakBytes = 300_000_000, LivePeakBytes = 90_000_000 };
        var reported = new MemoryEvent
        {
            At = DateTimeOffset.UtcNow, Epoch = 1, Live = new LiveMemory { ParameterBytes = 4, GradientBytes = 5, OptimizerBytes = 6, GraphBytes = 7, BatchBytes = 8 },
            Forward = phase, Backward = phase with { LivePeakBytes = null }, Optimizer = phase, Device = new DeviceMemory { DeviceUsedBytes = 9L << 30, DeviceTotalBytes = 80L << 30 },
        };
        await host.Recorder.Record(run.Id, run.Attempt, [Epoch(1), reported], Token);

        Assert.Equal(reported, Assert.Single((await host.Get<RunMemory>($"/api/v1/runs/{run.Id}/memory")).Epochs));
        using var unknown = await Problem.Of(await host.Http.GetAsync($"/api/v1/runs/{Guid.NewGuid()}/memory", Token), HttpStatusCode.NotFound);
        Assert.Empty((await host.Get<RunMemory>($"/api/v1/runs/{(await host.Post(Spec())).Id}/memory")).Epochs);
    }

    [Theory, OnBothStores]
    public async Task Cancel_may_be_repeated_and_conflicts_with_a_finished_run(StoreKind store)
    {
        await using var host = await ApiHost.Start(store, postgres);
        var queued = (await host.Post(Spec())).Id;
        for (var i = 0; i < 2; i++)
        {
            var answer = await host.Http.PostAsync($"/api/v1/runs/{queued}/cancel", null, Token);
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
            Assert.Equal(RunStatus.Cancelled, (await ApiHost.Read<RunDetail>(answer)).Status);
        }

        var run = await host.ClaimedRun();
        await host.Recorder.Record(run.Id, run.Attempt, [Finished], Token);
        var refused = await host.Http.PostAsync($"/api/v1/runs/{run.Id}/cancel", null, Token);
        using var problem = await Problem.Of(refused, HttpStatusCode.Conflict);
        Assert.Equal("urn:gnnservice:problem:invalid-state", problem.Type);
        Assert.Equal("succeeded", problem.Root.GetProperty("runStatus").GetString());
    }

    [Fact]
    public async Task Data_sets_are_listed_with_what_is_here()
    {
        await using var host = await ApiHost.Start();
        var sets = await host.Get<List<DatasetInfo>>("/api/v1/datasets");
        Assert.True(sets.Single(set => set.Name == "karate").Available);
        Assert.Contains(sets, set => set.Name == "cora");
    }
}
