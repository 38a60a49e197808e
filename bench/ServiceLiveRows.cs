using System.Collections.Concurrent;
using System.Diagnostics;
using Contracts;
using Microsoft.AspNetCore.SignalR.Client;
using static Bench.ServiceRows;

namespace Bench;

/// <summary>Rows about what is seen while it happens.</summary>
internal static class ServiceLiveRows
{
    private const int ViewerCount = 500;
    private const int Repetitions = 5;

    public static RunSpec Cora { get; } = new()
    {
        Name = "cora", Data = new DataSpec { Dataset = "cora" }, Model = new ModelSpec { Convolution = Convolution.Gcn, Backbone = Backbone.ResPlus, Layers = 7, HiddenChannels = 64 },
        Training = new TrainingSpec { Epochs = 60, CheckpointEvery = 0 },
    };

    /// <summary>From the request to the first epoch on the hub: claim, start of a Trainer, data set, model, first epoch, store, feed.</summary>
    public static async Task FirstEpoch()
    {
        await using var site = await ServiceSite.Open();
        await site.StartApi();
        await site.StartWorker(isFake: false);
        await using var connection = site.Connection();
        var seen = new ConcurrentDictionary<Guid, TaskCompletionSource<(long, DateTimeOffset, EpochEvent)>>();
        connection.On<RunSummary, RunHistory>(nameof(IRunClient.RunProgressed), (run, added) =>
        {
            if (added.Epochs.Count > 0) { seen.GetOrAdd(run.Id, _ => new()).TrySetResult((Stopwatch.GetTimestamp(), DateTimeOffset.UtcNow, added.Epochs[0].Figures)); }
        });
        await connection.StartAsync();
        var (taken, claim, trainer, shown) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (var i = 0; i < Repetitions; i++)
        {
            var since = Stopwatch.GetTimestamp();
            var run = await site.Post(Cora);
            await connection.InvokeAsync(nameof(IRunHub.WatchRun), run);
            var (first, at, epoch) = await seen.GetOrAdd(run, _ => new()).Task.WaitAsync(TimeSpan.FromMinutes(1));
            taken.Add(Stopwatch.GetElapsedTime(since, first).TotalSeconds);
            var ended = await site.Ended(run);
            claim.Add((ended.StartedAt!.Value - ended.CreatedAt).TotalSeconds);
            trainer.Add((epoch.At - ended.StartedAt.Value).TotalSeconds);
            shown.Add((at - epoch.At).TotalSeconds);
        }
        Print("first-epoch", Quantile(taken, 0.5), "s");
        Print("first-epoch-worst", taken.Max(), "s");
        Print("first-epoch-claim", Quantile(claim, 0.5), "s");
        Print("first-epoch-trainer", Quantile(trainer, 0.5), "s");
        Print("first-epoch-shown", Quantile(shown, 0.5), "s");
    }

    /// <summary>500 connections watch one run of ten epochs a second, the second that this service trains: from the Trainer's word to each of them.</summary>
    public static async Task Viewers()
    {
        await using var site = await ServiceSite.Open();
        await site.StartApi();
        await site.StartWorker(isFake: true);
        await site.Ended(await site.Post(ServiceStoreRows.Karate with { Name = "delay=20" }));
        var before = await site.Post(ServiceStoreRows.Karate with { Name = "delay=1000" }); // until all viewers are there
        var run = await site.Post(ServiceStoreRows.Karate with { Name = "delay=100" });
        var late = new ConcurrentBag<double>();
        var connections = new ConcurrentBag<HubConnection>();
        try
        {
            await Parallel.ForEachAsync(Enumerable.Range(0, ViewerCount), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (_, stop) =>
            {
                var connection = site.Connection();
                connection.On<RunSummary, RunHistory>(nameof(IRunClient.RunProgressed), (changed, added) =>
                {
                    foreach (var point in changed.Id == run ? added.Epochs : []) { late.Add((DateTimeOffset.UtcNow - point.Figures.At).TotalMilliseconds); }
                });
                await connection.StartAsync(stop);
                foreach (var watched in (Guid[])[before, run]) { await connection.InvokeAsync(nameof(IRunHub.WatchRun), watched, stop); }
                connections.Add(connection);
            });
            await site.Http.PostAsync($"/api/v1/runs/{before}/cancel", null);
            await site.Ended(run);
            await Task.Delay(2_000); // the last messages on their way
        }
        finally { await Parallel.ForEachAsync(connections, async (connection, _) => await connection.DisposeAsync()); }
        var needed = ViewerCount * ServiceStoreRows.Karate.Training.Epochs;
        if (late.Count != needed) { throw new InvalidOperationException($"{late.Count} epochs reached the viewers, needed {needed}"); }
        Print("hub-500-p50", Quantile(late, 0.5), "ms");
        Print("hub-500-p95", Quantile(late, 0.95), "ms");
    }
}
