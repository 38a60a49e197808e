using Contracts;
using DeepGnn.Datasets;
using DeepGnn.Graphs;
using DeepGnn.Models;
using DeepGnn.Runtime;
using DeepGnn.Training;
using static TorchSharp.torch;

namespace Bench;

/// <summary>The rows that have a peer's figure beside them; README.md defines each.</summary>
internal static class PeerRows
{
    public static IReadOnlyList<string> Names { get; } =
    [
        "resgcn-7", "resgcn-28", "revsage-28", "revsage-112", "revsage-112-default", "gcn-2", "semseg-28", "knn-16384-d3", "knn-16384-d64", "cora-gcn-2", "cora-gcnii-64",
    ];

    /// <summary>Measures one row in this process.</summary>
    public static Measurement Run(string row, int threads)
    {
        TorchRuntime.Start(0, threads);
        var name = row.Split('-');
        return name[0] switch
        {
            "resgcn" => Train(row, threads, ResGcn(int.Parse(name[1]))),
            "revsage" => Train(row, threads, RevSage(int.Parse(name[1])), name.Length > 2 ? new() : InSinglePrecision(int.Parse(name[1]))),
            "gcn" => Train(row, threads, Gcn(128, 0)),
            "semseg" => Segment(row, threads),
            "knn" => Neighbors(row, threads, int.Parse(name[1]), int.Parse(name[2][1..])),
            "cora" => Cora(row, threads, name[1] == "gcn" ? Gcn(16, 0.5) : Gcnii()),
            _ => throw new ArgumentException($"row: found {row}, needed one of {string.Join(", ", Names)}"),
        };
    }

    public static ModelSpec ResGcn(int layers) => new()
    {
        Convolution = Convolution.Gen, Backbone = Backbone.ResPlus, Layers = layers, HiddenChannels = 128, Normalization = Normalization.Layer, Dropout = 0,
    };

    public static ModelSpec RevSage(int layers) => ResGcn(layers) with { Convolution = Convolution.Sage, Backbone = Backbone.Reversible, Groups = 2 };

    private static ModelSpec Gcn(int hidden, double dropout) => new()
    {
        Convolution = Convolution.Gcn, Backbone = Backbone.Plain, Layers = 2, HiddenChannels = hidden, Normalization = Normalization.None,
        Stem = Stem.Convolution, Prediction = Prediction.Convolution, Dropout = dropout, InputDropout = dropout,
    };

    private static ModelSpec Gcnii() => new()
    {
        Convolution = Convolution.Gcn, Backbone = Backbone.Initial, Layers = 64, HiddenChannels = 64, Normalization = Normalization.None,
        Dropout = 0.6, InputDropout = 0.6,
    };

    /// <summary>Neither anchors nor double precision, as the peers: the first anchor would lie behind the last layer.</summary>
    public static TrainingSpec InSinglePrecision(int layers) => new() { AnchorEvery = layers };

    private static Measurement Train(string row, int threads, ModelSpec spec, TrainingSpec? keep = null)
    {
        using var step = new TrainingStep(BenchGraph.Make(), spec, keep: keep);
        return Measurement.Of(row, threads, step.Run);
    }

    private static Measurement Cora(string row, int threads, ModelSpec spec)
    {
        using var step = new TrainingStep(NodeDatasets.Load(new DataSpec { Dataset = "cora" }, BenchData.Folders), spec, weightDecay: 5e-4);
        return Measurement.Of(row, threads, step.Run, warmUps: 20);
    }

    private static Measurement Segment(string row, int threads)
    {
        const int count = 4096;
        using var model = new PointSegmentation(new PointSegmentationOptions { Epsilon = 0, Dropout = 0 });
        using var optimizer = new GradientDescent(Optimizer.Adam, model.parameters().Select(p => (p, 0.0))) { LearningRate = 1e-3 };
        using var points = tensor(BenchGraph.Points(seed: 9, count, 9), count, 9);
        using var labels = arange(count, int64).remainder_(13);
        var cloud = new GraphBatch(new int[count]);
        model.train();
        return Measurement.Of(row, threads, () =>
        {
            using var scope = NewDisposeScope();
            optimizer.ClearGradients();
            nn.functional.cross_entropy(model.call(points, cloud), labels).backward();
            optimizer.Step();
        });
    }

    private static Measurement Neighbors(string row, int threads, int count, int dimensions)
    {
        using var points = tensor(BenchGraph.Points(seed: 9, count, dimensions), count, dimensions);
        return Measurement.Of(row, threads, () => KnnGraph.Of(points, 16));
    }
}
