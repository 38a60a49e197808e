using Contracts;
using DeepGnn.Training;
using static TorchSharp.torch;

namespace Training.Tests;

/// <summary>A reversible backbone's parameters change during the backward pass, unless something needs all gradients first.</summary>
public sealed class StepsInBackwardTests
{
    [Theory]
    [InlineData(Optimizer.Adam)]
    [InlineData(Optimizer.AdamW)]
    [InlineData(Optimizer.Sgd)]
    [InlineData(Optimizer.RmsProp)]
    public void They_give_the_weights_of_a_step_after_it(Optimizer optimizer)
    {
        // A bound that no norm reaches leaves the gradients as they are, but has them all gathered before the step.
        var (during, after) = (Weights(optimizer, clip: 0), Weights(optimizer, clip: 1e30));

        Assert.Equal(after, during);
        Assert.NotEqual(during, Weights(optimizer, clip: 0.01));
    }

    private static string Weights(Optimizer optimizer, double clip)
    {
        var spec = Specs.Karate(epochs: 4) with
        {
            Model = new() { Convolution = Convolution.Gen, Backbone = Backbone.Reversible, Groups = 2, Layers = 5, HiddenChannels = 16, Dropout = 0.3 },
        };
        spec = spec with { Training = spec.Training with { Optimizer = optimizer, Momentum = 0.5, WeightDecay = 0.01, GradientClip = clip } };
        DeepGnn.Runtime.TorchRuntime.Start(spec.Seed, 2);
        using var loop = new TrainingLoop(spec, LearningTasks.Create(spec, [], null, CPU), CPU);
        while (!loop.IsFinished) { loop.RunEpoch(); }
        return loop.WeightsSha256();
    }
}
