using System.Diagnostics;
using System.Text.Json;
using Contracts;
using DeepGnn.Runtime;
using DeepGnn.Training;
using static TorchSharp.torch;

namespace Bench;

/// <summary>What measuring memory costs: the GCN paper's model on Cora, with the meter on and off in turns of a few epochs; times of the training's thread.</summary>
internal static class Meters
{
    private const int EpochsAtOnce = 4;

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
        for (var warmUp = 0; warmUp < 200; warmUp++) { Measure(loop, isOff: warmUp % 2 == 0); }

        var (wall, processor, spent) = (new List<(double Off, double On)>(), new List<(double Off, double On)>(), loop.Meter.Spent);
        for (var pair = 0; pair < pairs; pair++)
        {
            // ABBA: each goes first in every other pair, so that what changes with time falls on both.
            var first = Measure(loop, isOff: pair % 2 == 0);
            var second = Measure(loop, isOff: pair % 2 == 1);
            var (off, on) = pair % 2 == 0 ? (first, second) : (second, first);
            wall.Add((off.Wall, on.Wall));
            processor.Add((off.Processor, on.Processor));
        }

        var metered = wall.Sum(pair => pair.On);
        Console.WriteLine(JsonSerializer.Serialize(
            new
            {
                row = "cora-gcn-2",
                MeteredMs = Rounded(1_000 * metered / pairs / EpochsAtOnce),
                UnmeteredMs = Rounded(1_000 * wall.Sum(pair => pair.Off) / pairs / EpochsAtOnce),
                WallMedian = Rounded(PairedRatio.OfMedian(wall)),
                WallSums = Rounded(PairedRatio.OfSums(wall)),
                ProcessorMedian = Rounded(PairedRatio.OfMedian(processor)),
                ProcessorSums = Rounded(PairedRatio.OfSums(processor)),
                ReadingsShare = Rounded((loop.Meter.Spent - spent).TotalSeconds / metered),
                pairs,
                threads,
            },
            s_json));
    }

    private static (double Wall, double Processor) Measure(TrainingLoop loop, bool isOff)
    {
        loop.Meter.IsOff = isOff;
        var (watch, processor) = (Stopwatch.StartNew(), ProcessorTime.Thread());
        for (var epoch = 0; epoch < EpochsAtOnce; epoch++) { loop.RunEpoch(); }
        return (watch.Elapsed.TotalSeconds, ProcessorTime.Thread() - processor);
    }

    private static PairedRatio Rounded(PairedRatio ratio) => new(Rounded(ratio.Value), Rounded(ratio.Low), Rounded(ratio.High));

    private static double Rounded(double value) => Math.Round(value, 5);
}
