using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Contracts;
using Microsoft.AspNetCore.SignalR.Client;
using Testing;
using static Bench.ServiceRows;

namespace Bench;

/// <summary>Rows about what is seen while it happens.</summary>
internal static class ServiceLiveRows
{
    private const int ViewerCount = 500;
    private const int Repetitions = 5;

    private static readonly RunSpec Cora = new()
    {
        Name = "cora", Data = new DataSpec { Dataset = "cora" }, Model = new ModelSpec { Convolution = Convolution.Gcn, Backbone = Backbone.ResPlus, Layers = 7, HiddenChannels = 64 },
        Training = new TrainingSpec { Epochs = 60, CheckpointEvery = 0 },
    };

    private static readonly RunSpec Long = Cora with { Training = new TrainingSpec { Epochs = 150, CheckpointEvery = 0 } };

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

    /// <summary>
    /// The same training by the Trainer alone, its events dropped, and by the service with a viewer, in turns, best against best: the training
    /// process's own processor time, and the seconds that it reports for an epoch.
    /// </summary>
    public static async Task Streaming()
    {
        await using var site = await ServiceSite.Open();
        var (trainer, times) = site.TimedTrainer();
        await site.StartApi();
        await site.StartWorker(isFake: false, trainer);
        await using var viewer = site.Connection();
        await viewer.StartAsync();
        var (alone, streamed) = (new List<Training>(), new List<Training>());
        for (var i = 0; i <= Repetitions; i++)
        {
            var epochs = await Alone(trainer, site.NewFolder());
            alone.Add(new Training(LastProcessorSeconds(times), epochs));
            var run = await site.Post(Long);
            await viewer.InvokeAsync(nameof(IRunHub.WatchRun), run);
            await site.Ended(run);
            var history = await site.Http.GetFromJsonAsync<RunHistory>($"/api/v1/runs/{run}/metrics", ContractJson.Options);
            streamed.Add(new Training(LastProcessorSeconds(times), [.. history!.Epochs.Select(point => point.Figures)]));
        }
        Compare("streaming-epoch", "ms", training => training.EpochSeconds * 1000, alone, streamed);
        Compare("streaming-processor", "s", training => training.ProcessorSeconds, alone, streamed);
    }

    /// <summary>The first of each was the first of its service, which compiles itself then on the same cores: not counted.</summary>
    private static void Compare(string row, string unit, Func<Training, double> of, List<Training> alone, List<Training> streamed)
    {
        var (without, with) = (alone.Skip(1).Min(of), streamed.Skip(1).Min(of));
        Print($"{row}-alone", without, unit);
        Print($"{row}-service", with, unit);
        Print($"{row}-slowdown", (with / without - 1) * 100, "%");
    }

    private static async Task<EpochEvent[]> Alone(string trainer, string artifacts)
    {
        var start = new ProcessStartInfo(trainer, ["--artifacts", artifacts]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["GNN_DATA"] = TestFolders.Data;
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(Long, ContractJson.Options));
        process.StandardInput.Close();
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        EpochEvent[] epochs = [.. said.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<TrainerEvent>(line, ContractJson.Options)).OfType<EpochEvent>()];
        return epochs.Length == Long.Training.Epochs ? epochs : throw new InvalidOperationException($"the Trainer alone ended after {epochs.Length} epochs");
    }

    /// <summary>The second line of the shell's <c>times</c>, of its children: <c>0m1.234s 0m0.056s</c>, user and system.</summary>
    private static double LastProcessorSeconds(string times) =>
        File.ReadAllLines(times)[^1].Split(' ').Sum(word => word.TrimEnd('s').Split('m') is [var minutes, var seconds]
            ? (60 * double.Parse(minutes, CultureInfo.InvariantCulture)) + double.Parse(seconds, CultureInfo.InvariantCulture) : throw new InvalidOperationException($"{times}: found \"{word}\", needed minutes and seconds"));

    /// <summary>One training: what its process took of the processors in all, and its epochs.</summary>
    private sealed record Training(double ProcessorSeconds, EpochEvent[] Epochs)
    {
        /// <summary>Of an epoch in the middle; code is compiled in the first twenty.</summary>
        public double EpochSeconds => Quantile(Epochs.OrderBy(epoch => epoch.Epoch).Skip(20).Select(epoch => epoch.Seconds), 0.5);
    }
}
