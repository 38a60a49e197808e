using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Contracts;

namespace Bench;

/// <summary>The memory estimate against the highest resident memory of the Trainer program, over configurations drawn by a seed.</summary>
internal static class Estimates
{
    private const int Epochs = 2;
    private static readonly string[] Sets = ["cora", "amazon-photo", "coauthor-cs", "actor", "tolokers", "minesweeper", "facebook-pages", "chameleon-filtered"];
    private static readonly string[] GraphSets = ["mutag", "proteins", "enzymes", "twitch", "jhmdb"];
    private static readonly string[] CloudSets = ["rooms", "ign-lidar", "mosd"];

    public static void Print(int seed, int count, bool json)
    {
        var random = new Random(seed);
        var errors = new List<double>();
        if (!json) { Console.WriteLine("| configuration | estimate | measured | error |\n| --- | ---: | ---: | ---: |"); }
        while (errors.Count < count)
        {
            if (Draw(random) is not { } drawn) { continue; }
            var estimate = MemoryEstimate.Of(drawn)!;
            if (estimate.TotalBytes is not { } total || Measure(drawn) is not { } peak) { continue; }
            errors.Add(((double)total / peak) - 1);
            Console.WriteLine(json
                ? JsonSerializer.Serialize(new { row = "estimate", configuration = Text(drawn), estimateMiB = total >> 20, measuredMiB = peak >> 20, error = Math.Round(errors[^1], 4), spec = drawn, parts = estimate with { Alternatives = [], Advice = null } }, ContractJson.Options)
                : string.Create(CultureInfo.InvariantCulture, $"| {Text(drawn)} | {total >> 20} MiB | {peak >> 20} MiB | {errors[^1]:+0.0 %;-0.0 %} |"));
        }

        var sizes = errors.Select(Math.Abs).Order().ToList();
        var (median, worst, lowest) = (sizes[count / 2], sizes[^1], errors.Min());
        Console.WriteLine(json
            ? JsonSerializer.Serialize(new { row = "summary", seed, count, median = Math.Round(median, 4), worst = Math.Round(worst, 4), lowest = Math.Round(lowest, 4), highest = Math.Round(errors.Max(), 4) })
            : string.Create(CultureInfo.InvariantCulture, $"\nseed {seed}, {count} configurations: median error {median:0.0 %}, worst {worst:0.0 %}, lowest {lowest:+0.0 %;-0.0 %}, highest {errors.Max():+0.0 %;-0.0 %}"));
    }

    /// <summary>A spec without faults, small enough for a few seconds; null where the dice fell otherwise.</summary>
    private static RunSpec? Draw(Random random)
    {
        T One<T>(params T[] of) => of[random.Next(of.Length)];
        var kind = random.Next(10); // of ten: three generated graphs, three read ones, two sets of many graphs, two of point clouds
        var cloud = kind >= 8;
        var (nodes, width, layers) = (One(2_000, 8_000, 20_000), One(16, 32, 64, 128), One(2, 4, 7, 14, 28));
        var spec = new RunSpec
        {
            Data = kind < 3 ? new() { Dataset = "sbm", Sbm = new() { Nodes = nodes, DegreeWithin = One(4, 12, 40), Features = One(16, 128, 512) } }
                : new() { Dataset = One(kind < 6 ? Sets : cloud ? CloudSets : GraphSets) },
            Model = new()
            {
                Convolution = cloud ? One(Convolution.Edge, Convolution.Mr, Convolution.Gin)
                    : One(Convolution.Gcn, Convolution.Gen, Convolution.Sage, Convolution.Graph, Convolution.Gin, Convolution.Gat, Convolution.Gatv2, Convolution.Edge, Convolution.Mr),
                Backbone = cloud ? One(Backbone.Plain, Backbone.Res, Backbone.Dense)
                    : One(Backbone.Plain, Backbone.Res, Backbone.ResPlus, Backbone.ResPlus, Backbone.Dense, Backbone.Initial, Backbone.Reversible, Backbone.Reversible),
                Normalization = cloud ? One(Normalization.Batch, Normalization.None) : One(Normalization.None, Normalization.Layer, Normalization.Layer, Normalization.Batch),
                Aggregation = One(Aggregation.Default, Aggregation.Default, Aggregation.Max),
                Fusion = One(Fusion.Last, Fusion.Last, Fusion.Last, Fusion.Concat),
                Layers = layers, HiddenChannels = width, Heads = One(1, 4), Dropout = One(0, 0.5),
            },
            Training = new()
            {
                // The evaluation of all clouds takes minutes and holds less than a training step: it is left out.
                Epochs = cloud ? 1_000 : Epochs, EvaluateEvery = cloud ? 1_000 : 1, CheckpointEvery = 0, Optimizer = One(Optimizer.Adam, Optimizer.Sgd),
                Recompute = One(Recompute.None, Recompute.None, Recompute.None, Recompute.Sqrt),
                Sampling = new()
                {
                    Method = One(SamplingMethod.Full, SamplingMethod.Full, SamplingMethod.Full, SamplingMethod.RandomParts, SamplingMethod.Clusters, SamplingMethod.Neighbors),
                    Points = cloud ? One(512, 1_024) : 4_096, BlocksPerEpoch = cloud ? 8 : 0,
                },
            },
        };
        if (cloud) { spec = spec with { Model = spec.Model with { Fusion = Fusion.Last, Aggregation = Aggregation.Default } }; }
        var size = (cloud ? 40_000L : kind < 3 ? nodes : DatasetCatalog.Find(spec.Data.Dataset)!.Nodes ?? 0) * width * layers;
        return size <= 12_000_000 && RunSpecValidation.Faults(spec).Count == 0 ? spec : null;
    }

    private static long? Measure(RunSpec spec)
    {
        var program = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "Trainer", "release", "trainer"));
        var start = new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["GNN_DATA"] = string.Join(Path.PathSeparator, BenchData.Folders);
        using var trainer = Process.Start(start)!;
        trainer.StandardInput.WriteLine(JsonSerializer.Serialize(spec, ContractJson.Options));
        trainer.StandardInput.Close();
        long? peak = null;
        while (trainer.StandardOutput.ReadLine() is { } line)
        {
            var happened = JsonSerializer.Deserialize<TrainerEvent>(line, ContractJson.Options);
            if (happened is EpochEvent epoch) { peak = Math.Max(peak ?? 0, epoch.PeakMemoryBytes); }
            if (happened is EpochEvent { Epoch: Epochs } && spec.Training.Epochs > Epochs) { trainer.Kill(); break; }
            if (happened is FailedEvent failed)
            {
                Console.Error.WriteLine($"left out: {Text(spec)}: {failed.Message}");
                peak = null;
            }
        }

        trainer.WaitForExit();
        return peak;
    }

    private static string Text(RunSpec spec)
    {
        var (model, sbm, sampling) = (spec.Model, spec.Data.Sbm, spec.Training.Sampling);
        var data = sbm is null ? spec.Data.Dataset : $"sbm {sbm.Nodes}, degree {sbm.DegreeWithin + sbm.DegreeBetween}, {sbm.Features} features";
        return $"{data}: {ContractJson.NameOf(model.Backbone)} {ContractJson.NameOf(model.Convolution)} {model.Layers} × {model.HiddenChannels}, {ContractJson.NameOf(model.Normalization)}"
            + (model.Aggregation == Aggregation.Default ? "" : $", {ContractJson.NameOf(model.Aggregation)}") + (model.Heads > 1 ? $", {model.Heads} heads" : "")
            + (model.Fusion == Fusion.Last ? "" : $", {ContractJson.NameOf(model.Fusion)}") + (model.Dropout > 0 ? ", dropout" : "")
            + (spec.Training.Recompute == Recompute.None ? "" : $", recompute {ContractJson.NameOf(spec.Training.Recompute)}")
            + (sampling.BlocksPerEpoch > 0 ? $", {sampling.Points} points" : "")
            + (sampling.Method == SamplingMethod.Full ? "" : $", {ContractJson.NameOf(sampling.Method)}") + $", {ContractJson.NameOf(spec.Training.Optimizer)}";
    }
}
