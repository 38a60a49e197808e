using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Contracts;

namespace Bench;

/// <summary>The memory estimate against the highest resident memory of the Trainer program, over configurations drawn by a seed.</summary>
internal static class Estimates
{
    private const int Epochs = 3;
    private static readonly string[] Sets = ["cora", "amazon-photo", "coauthor-cs", "actor", "tolokers", "minesweeper", "facebook-pages"];

    public static void Print(int seed, int count)
    {
        var random = new Random(seed);
        var errors = new List<double>();
        Console.WriteLine("| configuration | estimate | measured | error |\n| --- | ---: | ---: | ---: |");
        while (errors.Count < count)
        {
            if (Draw(random) is not { } drawn) { continue; }
            var data = DatasetCatalog.Find(drawn.Data.Dataset)!.Describe([]);
            if (MemoryEstimate.Of(drawn, data).TotalBytes is not { } estimate || Measure(drawn) is not { } peak) { continue; }
            errors.Add(((double)estimate / peak) - 1);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {Text(drawn)} | {estimate >> 20} MiB | {peak >> 20} MiB | {errors[^1]:+0.0 %;-0.0 %} |"));
        }

        var sizes = errors.Select(Math.Abs).Order().ToList();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nmedian error {sizes[count / 2]:0.0 %}, worst {sizes[^1]:0.0 %}, lowest {errors.Min():+0.0 %;-0.0 %}, highest {errors.Max():+0.0 %;-0.0 %}"));
    }

    /// <summary>A spec without faults, small enough for a few seconds; null where the dice fell otherwise.</summary>
    private static RunSpec? Draw(Random random)
    {
        T One<T>(params T[] of) => of[random.Next(of.Length)];
        var generated = random.Next(2) == 0;
        var (nodes, width, layers) = (One(2_000, 8_000, 20_000, 40_000), One(16, 32, 64, 128), One(2, 4, 7, 14, 28));
        var spec = new RunSpec
        {
            Data = generated
                ? new() { Dataset = "sbm", Sbm = new() { Nodes = nodes, DegreeWithin = One(4, 12, 40), Features = One(16, 128, 512) } }
                : new() { Dataset = One(Sets) },
            Model = new()
            {
                Convolution = One(Convolution.Gcn, Convolution.Gen, Convolution.Sage, Convolution.Graph, Convolution.Gin, Convolution.Gat, Convolution.Gatv2, Convolution.Edge, Convolution.Mr),
                Backbone = One(Backbone.Plain, Backbone.Res, Backbone.ResPlus, Backbone.ResPlus, Backbone.Dense, Backbone.Initial, Backbone.Reversible),
                Normalization = One(Normalization.None, Normalization.Layer, Normalization.Layer, Normalization.Batch),
                Aggregation = One(Aggregation.Default, Aggregation.Default, Aggregation.Max),
                Fusion = One(Fusion.Last, Fusion.Last, Fusion.Last, Fusion.Concat),
                Layers = layers, HiddenChannels = width, Heads = One(1, 4), Dropout = One(0, 0.5),
            },
            Training = new()
            {
                Epochs = Epochs, CheckpointEvery = 0, Optimizer = One(Optimizer.Adam, Optimizer.Sgd),
                Sampling = new() { Method = One(SamplingMethod.Full, SamplingMethod.Full, SamplingMethod.Full, SamplingMethod.RandomParts, SamplingMethod.Clusters, SamplingMethod.Neighbors) },
            },
        };
        return (long)nodes * width * layers <= 30_000_000 && RunSpecValidation.Faults(spec).Count == 0 ? spec : null;
    }

    private static long? Measure(RunSpec spec)
    {
        var program = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "Trainer", "release", "trainer"));
        using var trainer = Process.Start(new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        trainer.StandardInput.WriteLine(JsonSerializer.Serialize(spec, ContractJson.Options));
        trainer.StandardInput.Close();
        long? peak = null;
        while (trainer.StandardOutput.ReadLine() is { } line)
        {
            var happened = JsonSerializer.Deserialize<TrainerEvent>(line, ContractJson.Options);
            if (happened is EpochEvent epoch) { peak = Math.Max(peak ?? 0, epoch.PeakMemoryBytes); }
            if (happened is FailedEvent failed) { Console.Error.WriteLine($"left out: {Text(spec)}: {failed.Message}"); }
        }

        trainer.WaitForExit();
        return trainer.ExitCode == 0 ? peak : null;
    }

    private static string Text(RunSpec spec)
    {
        var (model, sbm, sampling) = (spec.Model, spec.Data.Sbm, spec.Training.Sampling.Method);
        var data = sbm is null ? spec.Data.Dataset : $"sbm {sbm.Nodes}, degree {sbm.DegreeWithin + sbm.DegreeBetween}, {sbm.Features} features";
        return $"{data}: {ContractJson.NameOf(model.Backbone)} {ContractJson.NameOf(model.Convolution)} {model.Layers} × {model.HiddenChannels}, {ContractJson.NameOf(model.Normalization)}"
            + (model.Aggregation == Aggregation.Default ? "" : $", {ContractJson.NameOf(model.Aggregation)}") + (model.Heads > 1 ? $", {model.Heads} heads" : "")
            + (model.Fusion == Fusion.Last ? "" : $", {ContractJson.NameOf(model.Fusion)}") + (model.Dropout > 0 ? ", dropout" : "")
            + (sampling == SamplingMethod.Full ? "" : $", {ContractJson.NameOf(sampling)}") + $", {ContractJson.NameOf(spec.Training.Optimizer)}";
    }
}
