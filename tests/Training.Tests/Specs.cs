using Contracts;

namespace Training.Tests;

internal static class Specs
{
    /// <summary>A small run with everything that draws random numbers.</summary>
    public static RunSpec Karate(int epochs = 30, int checkpointEvery = 10) => new()
    {
        Seed = 7,
        Data = new() { Dataset = "karate" },
        Model = new() { Convolution = Convolution.Gen, Backbone = Backbone.ResPlus, Layers = 4, HiddenChannels = 16, Dropout = 0.3 },
        Training = new() { Epochs = epochs, CheckpointEvery = checkpointEvery },
    };

    /// <summary>The GCN paper's model and recipe, any depth and backbone.</summary>
    public static RunSpec CoraGcn(int layers, Backbone backbone, int seed, int epochs = 200) => new()
    {
        Seed = seed,
        Data = new() { Dataset = "cora" },
        Model = new()
        {
            Convolution = Convolution.Gcn,
            Backbone = backbone,
            Layers = layers,
            HiddenChannels = 16,
            Dropout = 0.5,
            Normalization = Normalization.None,
            Stem = Stem.Convolution,
            Prediction = Prediction.Convolution,
        },
        Training = new() { Epochs = epochs, LearningRate = 0.01, WeightDecay = 5e-4 },
    };
}
