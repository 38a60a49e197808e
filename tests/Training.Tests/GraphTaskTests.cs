using Contracts;
using DeepGnn.Datasets;
using DeepGnn.Graphs;
using DeepGnn.Runtime;
using DeepGnn.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Training.Tests;

/// <summary>Small graphs made here: rings, some of them cut open into paths.</summary>
public sealed class GraphTaskTests
{
    [Fact]
    public void Whole_graphs_are_told_apart_by_their_shape()
    {
        using var loop = Loop(Spec(), Rings(GraphTarget.Graph));
        while (!loop.IsFinished) { loop.RunEpoch(); }
        Assert.True(loop.Progress.TestMetric > 0.9, $"accuracy {loop.Progress.TestMetric}");
    }

    [Theory]
    [InlineData(GraphTarget.Node)]
    [InlineData(GraphTarget.NodeMultiLabel)]
    public void Nodes_of_unseen_graphs_are_classified(GraphTarget target)
    {
        using var loop = Loop(Spec(), Rings(target));
        var started = loop.Task.Describe();
        Assert.Equal(("node", 120), (started.Unit, started.Graphs));
        while (!loop.IsFinished) { loop.RunEpoch(); }
        Assert.True(loop.Progress.TestMetric > 0.9, $"{loop.Task.MetricNames[0]} {loop.Progress.TestMetric}");
    }

    [Fact]
    public void A_resumed_training_on_batches_is_bit_equal_and_tensors_stay_level()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory().FullName, "a.ckpt");
        using var whole = Loop(Spec(epochs: 6), Rings(GraphTarget.Graph));
        for (var epoch = 0; epoch < 3; epoch++) { whole.RunEpoch(); }
        whole.Save(path);
        var live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        while (!whole.IsFinished) { whole.RunEpoch(); }
        Assert.Equal(live, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        using var resumed = Loop(Spec(epochs: 6), Rings(GraphTarget.Graph));
        resumed.Resume(path);
        while (!resumed.IsFinished) { resumed.RunEpoch(); }
        Assert.Equal(whole.WeightsSha256(), resumed.WeightsSha256());
    }

    [Fact]
    public void A_graph_scores_the_same_alone_and_beside_others()
    {
        foreach (var normalization in new[] { Normalization.Layer, Normalization.Graph, Normalization.Instance, Normalization.Pair, Normalization.Mean })
        {
            var spec = Spec() with { Model = Spec().Model with { Normalization = normalization } };
            using var together = Loop(spec, Rings(GraphTarget.Graph));
            using var alone = Loop(spec with { Training = spec.Training with { Sampling = new() { BatchSize = 1 } } }, Rings(GraphTarget.Graph));
            Assert.Equal(Scores(together).ToArray(), Scores(alone).ToArray(), (a, b) => Math.Abs(a - b) < 1e-5);
        }

        static IEnumerable<float> Scores(TrainingLoop loop)
        {
            var found = new List<float>();
            loop.Task.Model.eval();
            using var frozen = no_grad();
            loop.Task.Evaluate(samples => found.AddRange(samples.Scores.data<float>().ToArray()));
            return found;
        }
    }

    private static RunSpec Spec(int epochs = 30) => new()
    {
        Seed = 3,
        Data = new() { Dataset = "mutag" },
        Model = new() { Convolution = Convolution.Gin, Backbone = Backbone.Res, Layers = 3, HiddenChannels = 16, Dropout = 0, Readout = Readout.MeanMax },
        Training = new() { Epochs = epochs, LearningRate = 0.01, WeightDecay = 0, Sampling = new() { BatchSize = 16 } },
    };

    private static TrainingLoop Loop(RunSpec spec, GraphCollection data)
    {
        TorchRuntime.Start(seed: 1);
        return new TrainingLoop(spec, new GraphTask(spec, data, CPU), CPU);
    }

    // Ring or path of 5 to 14 nodes; a node's class is whether it has two neighbours.
    private static GraphCollection Rings(GraphTarget target)
    {
        var graphs = Enumerable.Range(0, 120).Select(i =>
        {
            var (nodes, open) = (5 + (i % 10), i % 3 == 0);
            var edges = Enumerable.Range(0, open ? nodes - 1 : nodes).SelectMany(k => new[] { (k, (k + 1) % nodes), ((k + 1) % nodes, k) }).ToList();
            var ends = Enumerable.Range(0, nodes).Select(k => open && (k == 0 || k == nodes - 1) ? 1 : 0).ToArray();
            return new GraphSample($"{i}", new Graph(nodes, [.. edges.Select(e => e.Item1)], [.. edges.Select(e => e.Item2)]), FeatureMatrix.FromDense(nodes, 1, Enumerable.Repeat(1f, nodes).ToArray()))
            {
                Label = open ? 1 : 0, NodeLabels = ends, NodeTargets = new(nodes, 2, [.. ends.SelectMany(end => new[] { (byte)end, (byte)(1 - end) })]),
            };
        }).ToList();
        int[] order = [.. Enumerable.Range(0, 120)];
        return new()
        {
            Name = "rings", Graphs = graphs, FeatureCount = 1, ClassCount = 2, Target = target,
            Metric = target == GraphTarget.NodeMultiLabel ? Metric.MicroF1 : Metric.Accuracy, Splits = [new(order[..80], order[80..100], order[100..])],
        };
    }
}
