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

    /// <summary>The GCN paper's model and recipe: two layers of 16 channels.</summary>
    public static RunSpec CoraGcn() => new()
    {
        Data = new() { Dataset = "cora" },
        Model = new()
        {
            Convolution = Convolution.Gcn,
            Backbone = Backbone.Plain,
            Layers = 2,
            HiddenChannels = 16,
            Dropout = 0.5,
            InputDropout = 0.5,
            Normalization = Normalization.None,
            Stem = Stem.Convolution,
            Prediction = Prediction.Convolution,
        },
        Training = new() { Epochs = 200, LearningRate = 0.01, WeightDecay = 5e-4 },
    };

    /// <summary>The same convolution many times over: wider, with layer normalisation and without dropout, whatever the backbone.</summary>
    public static RunSpec CoraDeep(int layers, Backbone backbone)
    {
        var spec = CoraGcn();
        return spec with
        {
            Model = spec.Model with { Backbone = backbone, Layers = layers, HiddenChannels = 32, Normalization = Normalization.Layer, Dropout = 0, InputDropout = 0 },
            Training = spec.Training with { Epochs = 80 },
        };
    }
}
