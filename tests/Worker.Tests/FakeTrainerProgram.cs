using Contracts;
using Testing;

namespace Worker.Tests;

/// <summary>The stand-in for the Trainer; a run's name is its script.</summary>
internal static class FakeTrainerProgram
{
    public static string Path { get; } = System.IO.Path.Combine(TestFolders.Repository, "artifacts/bin/FakeTrainer/release/fake-trainer");

    public static RunSpec Spec(string script, int epochs = 5, int checkpointEvery = 2) => new()
    {
        Name = script,
        Data = new DataSpec { Dataset = "karate" },
        Model = new ModelSpec { Layers = 2, HiddenChannels = 8 },
        Training = new TrainingSpec { Epochs = epochs, CheckpointEvery = checkpointEvery },
    };
}
