using System.Collections.Concurrent;
using Contracts;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Testing;

namespace EndToEnd.Tests;

/// <summary>From POST to a live point to the end, and what a kill on the way costs. Real processes, real training.</summary>
public sealed class RunTests : IDisposable
{
    // Some seconds of training: whoever kills it has to come in time.
    private const int Epochs = 600;

    private readonly TemporaryFolder data = TestFolders.NewTemporary();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task A_posted_run_is_watched_live_and_succeeds()
    {
        await using var service = await Service.Start(data.Path);
        var run = (await service.Post(Specs.Karate(epochs: 150))).Id;
        var live = new ConcurrentQueue<RunHistory>();
        await using var hub = new HubConnectionBuilder().WithUrl(new Uri(service.Address, RunHub.Path))
            .AddJsonProtocol(json => ContractJson.Configure(json.PayloadSerializerOptions)).Build();
        hub.On<RunSummary, RunHistory>(nameof(IRunClient.RunProgressed), (_, added) => live.Enqueue(added));

        // Join, then look.
        await hub.StartAsync(Service.Token);
        await hub.InvokeAsync("WatchRun", run, Service.Token);
        var before = await service.History(run);
        await service.RunThatIs(RunStatus.Succeeded, run);
        await service.Eventually(() => Task.FromResult(live.Any(added => added.Events.Any(e => e.Kind == "finished"))), "the live end of the run");

        var points = before.Epochs.Concat(live.SelectMany(added => added.Epochs)).DistinctBy(point => point.Seq).OrderBy(point => point.Seq).ToList();
        Assert.Equal(Enumerable.Range(1, 150), points.Select(point => point.Figures.Epoch));
        Assert.True(live.Count(added => added.Epochs.Count > 0) >= 3, "the points came in too few messages to be called live");

        var stored = await service.History(run);
        Assert.Equal(stored.Epochs.Select(point => (point.Seq, point.Figures)), points.Select(point => (point.Seq, point.Figures)));
        var end = await service.Read(run);
        Assert.InRange(end.TestMetric ?? 0, 0.6, 1);
        Assert.Equal((1, 150), (end.Attempt, end.Epoch));
        Assert.Equal(34, end.Started!.Nodes);
    }

    [Fact]
    public async Task A_killed_trainer_is_replaced_and_the_service_lives()
    {
        await using var service = await Service.Start(data.Path);
        var run = (await service.Post(Specs.Karate(epochs: Epochs))).Id;
        await service.RunThatReached(25, run);
        LinuxProcess.Signal(service.TrainerProcess(), LinuxProcess.Kill);

        var end = await service.RunThatIs(RunStatus.Succeeded, run);
        Assert.Equal(2, end.Attempt);
        var history = await service.History(run);
        Assert.Equal(Enumerable.Range(1, Epochs), history.Epochs.Select(point => point.Figures.Epoch));
        Assert.Contains("killed by signal 9", Assert.Single(history.Events, e => e.Kind == "failed").Message, StringComparison.Ordinal);
        Assert.InRange(history.Events.Last(e => e.Kind == "started").ResumedFromEpoch ?? 0, 20, Epochs - 1);
        Assert.True((await service.Http.GetAsync("/health/live", Service.Token)).IsSuccessStatusCode);
    }

    [Fact]
    public async Task A_killed_service_continues_its_run_when_started_again_with_the_numbers_of_an_undisturbed_one()
    {
        Guid run;
        int orphan;
        await using (var service = await Service.Start(data.Path))
        {
            run = (await service.Post(Specs.Karate(epochs: Epochs))).Id;
            await service.RunThatReached(25, run);
            orphan = service.TrainerProcess();
            await service.Kill();
        }

        await using var again = await Service.Start(data.Path);
        await again.Eventually(() => Task.FromResult(!LinuxProcess.IsAlive(orphan)), "the orphaned Trainer to end by itself", withinSeconds: 30);
        var end = await again.RunThatIs(RunStatus.Succeeded, run);
        Assert.Equal(2, end.Attempt);
        var history = await again.History(run);
        Assert.Equal(Enumerable.Range(1, Epochs), history.Epochs.Select(point => point.Figures.Epoch));
        Assert.InRange(history.Events.Last(e => e.Kind == "started").ResumedFromEpoch ?? 0, 20, Epochs - 1);

        var undisturbed = (await again.Post(Specs.Karate(epochs: Epochs))).Id;
        await again.RunThatIs(RunStatus.Succeeded, undisturbed);
        Assert.Equal(Figures(await again.History(undisturbed)), Figures(history));
    }

    [Fact]
    public async Task A_service_told_to_leave_hands_its_run_back_within_seconds()
    {
        Guid run;
        await using (var service = await Service.Start(data.Path))
        {
            run = (await service.Post(Specs.Karate(epochs: Epochs, checkpointEvery: 0))).Id;
            await service.RunThatReached(10, run);
            var trainer = service.TrainerProcess();
            Assert.Equal(0, await service.Terminate());
            Assert.False(LinuxProcess.IsAlive(trainer));
        }

        await using var again = await Service.Start(data.Path);
        await again.RunThatIs(RunStatus.Succeeded, run);
        var history = await again.History(run);
        Assert.Equal(Enumerable.Range(1, Epochs), history.Epochs.Select(point => point.Figures.Epoch));
        Assert.InRange(history.Events.Last(e => e.Kind == "started").ResumedFromEpoch ?? 0, 10, Epochs - 1);
        Assert.Contains(history.Events, e => e.Message.StartsWith("queued again; stopped after epoch", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_cancelled_run_ends_within_seconds_and_the_next_one_trains()
    {
        await using var service = await Service.Start(data.Path);
        var run = (await service.Post(Specs.Karate(epochs: 100_000))).Id;
        var next = (await service.Post(Specs.Karate(epochs: 5))).Id;
        await service.RunThatReached(5, run);
        Assert.True((await service.Http.PostAsync($"/api/v1/runs/{run}/cancel", content: null, Service.Token)).IsSuccessStatusCode);
        await service.RunThatIs(RunStatus.Cancelled, run, withinSeconds: 15);
        await service.RunThatIs(RunStatus.Succeeded, next);
    }

    private static IEnumerable<(int Epoch, double Train, double Valid, double Test, double Metric)> Figures(RunHistory history) =>
        history.Epochs.Select(point => (point.Figures.Epoch, point.Figures.TrainLoss, point.Figures.ValidLoss, point.Figures.TestLoss, point.Figures.TestMetric));
}
