using Contracts;

namespace EndToEnd.Tests;

internal static class Specs
{
    /// <summary>The karate club, which every machine has, in a model deep enough that an epoch takes a while.</summary>
    public static RunSpec Karate(int epochs, int layers = 8, int checkpointEvery = 10) => new()
    {
        Name = $"karate, {layers} layers",
        Seed = 7,
        Data = new DataSpec { Dataset = "karate" },
        Model = new ModelSpec { Layers = layers, HiddenChannels = 16 },
        Training = new TrainingSpec { Epochs = epochs, CheckpointEvery = checkpointEvery },
    };
}
