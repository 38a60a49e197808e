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
    public void Two_layers_reach_the_published_accuracy() => Assert.InRange(Train(Specs.CoraGcn()), 0.79, 0.84);

    [Fact]
    public void Sixteen_plain_layers_collapse_and_sixteen_residual_ones_do_not()
    {
        var plain = Train(Specs.CoraDeep(16, Backbone.Plain));
        var residual = Train(Specs.CoraDeep(16, Backbone.Res));
        Assert.True(plain < 0.5, $"plain: {plain}");
        Assert.True(residual > 0.7, $"residual: {residual}");
    }

    private static double Train(RunSpec spec)
    {
        TestFolders.RequireData("planetoid", "cora", "ind.cora.x");
        TorchRuntime.Start(spec.Seed);
        using var trainer = new TrainingLoop(spec, LearningTasks.Create(spec, [TestFolders.Data], null, CPU), CPU);
        while (!trainer.IsFinished) { trainer.RunEpoch(); }
        return trainer.Progress.TestMetric;
    }
}
