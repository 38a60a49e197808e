using Contracts;
using DeepGnn.Datasets;
using DeepGnn.Runtime;
using DeepGnn.Training;
using Testing;
using static TorchSharp.torch;

namespace Training.Tests;

/// <summary>Floors below what the recipes reach, so that only a real fault falls through.</summary>
public sealed class CoraTests
{
    [Fact]
    public void Two_layers_reach_the_published_accuracy() => Assert.InRange(Train(2, Backbone.Plain, epochs: 200), 0.79, 0.84);

    [Fact]
    public void Sixteen_plain_layers_collapse_and_sixteen_residual_ones_do_not()
    {
        var plain = Train(16, Backbone.Plain, epochs: 100);
        var residual = Train(16, Backbone.Res, epochs: 100);
        Assert.True(plain < 0.5, $"plain: {plain}");
        Assert.True(residual > 0.65, $"residual: {residual}");
    }

    private static double Train(int layers, Backbone backbone, int epochs)
    {
        TestFolders.RequireData("planetoid", "cora", "ind.cora.x");
        var spec = Specs.CoraGcn(layers, backbone, seed: 0, epochs);
        TorchRuntime.Start(spec.Seed);
        using var trainer = new FullBatchTrainer(spec, NodeDatasets.Load(spec.Data, [TestFolders.Data]), CPU);
        while (!trainer.IsFinished) { trainer.RunEpoch(); }
        return trainer.Progress.TestMetric;
    }
}
