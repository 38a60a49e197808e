using System.Diagnostics;
using System.Text.Json;
using Contracts;
using DeepGnn.Runtime;
using DeepGnn.Training;
using static TorchSharp.torch;

namespace Bench;

/// <summary>What measuring memory costs: the GCN paper's model on Cora, with the meter on and off in turn.</summary>
internal static class Meters
{
    private const int EpochsAtOnce = 10;

    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static void Print(int threads, int pairs)
    {
        TorchRuntime.Start(0, threads);
        var spec = new RunSpec
        {
            Data = new() { Dataset = "cora" },
            Model = new()
            {
                Convolution = Convolution.Gcn, Backbone = Backbone.Plain, Layers = 2, HiddenChannels = 16, Dropout = 0.5, InputDropout = 0.5,
                Normalization = Normalization.None, Stem = Stem.Convolution, Prediction = Prediction.Convolution,
            },
            Training = new() { Epochs = int.MaxValue, WeightDecay = 5e-4 },
        };
        using var loop = new TrainingLoop(spec, LearningTasks.Create(spec, DatasetCatalog.Folders(), null, CPU), CPU);
        for (var warmUp = 0; warmUp < 20; warmUp++) { Seconds(loop, isOff: warmUp % 2 == 0); }

        var (ratios, metered, unmetered, spent) = (new List<double>(), 0.0, 0.0, loop.Meter.Spent);
        for (var pair = 0; pair < pairs; pair++)
        {
            // Each goes first in every other pair, so that what changes with time falls on both.
            var first = Seconds(loop, isOff: pair % 2 == 0);
            var second = Seconds(loop, isOff: pair % 2 == 1);
            var (off, on) = pair % 2 == 0 ? (first, second) : (second, first);
            (metered, unmetered) = (metered + on, unmetered + off);
            ratios.Add(on / off);
        }

        ratios.Sort();
        Console.WriteLine(JsonSerializer.Serialize(
            new
            {
                row = "cora-gcn-2",
                MeteredMs = Rounded(1_000 * metered / pairs / EpochsAtOnce),
                UnmeteredMs = Rounded(1_000 * unmetered / pairs / EpochsAtOnce),
                MedianRatio = Rounded(ratios[ratios.Count / 2]),
                RatioOfMeans = Rounded(metered / unmetered),
                ReadingsShare = Rounded((loop.Meter.Spent - spent).TotalSeconds / metered),
                threads,
            },
            s_json));
    }

    private static double Seconds(TrainingLoop loop, bool isOff)
    {
        loop.Meter.IsOff = isOff;
        var watch = Stopwatch.StartNew();
        for (var epoch = 0; epoch < EpochsAtOnce; epoch++) { loop.RunEpoch(); }
        return watch.Elapsed.TotalSeconds;
    }

    private static double Rounded(double value) => Math.Round(value, 5);
}
