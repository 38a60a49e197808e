using System.Globalization;
using System.Text.Json;
using Contracts;
using DeepGnn.Interchange;
using DeepGnn.Training;

namespace Trainer;

/// <summary>What a finished run leaves for other programs: the chosen epoch's weights and, where the spec asks, its predictions.</summary>
internal static class ResultFiles
{
    /// <summary>Gives the model the chosen epoch's weights: training is over.</summary>
    public static void Write(string folder, RunSpec spec, TrainingLoop trainer, EventReporter reporter)
    {
        trainer.RestoreBest();
        WriteWeights(folder, spec, trainer, reporter);
        if (!spec.Training.SavePredictions) { return; }

        var predictions = trainer.Predict();
        predictions.WriteCsv(Path.Combine(folder, "predictions.csv"));
        predictions.WriteProbabilities(Path.Combine(folder, "predictions.npy"));
        predictions.WriteLabels(Path.Combine(folder, "predictions-labels.npy"));
        predictions.WriteSamples(Path.Combine(folder, "predictions-samples.npy"));
        reporter.Log("info", $"predictions of epoch {trainer.Progress.BestEpoch} are in predictions.csv and predictions.npy");
    }

    /// <summary>The model's present weights, which are the chosen epoch's.</summary>
    public static void WriteWeights(string folder, RunSpec spec, TrainingLoop trainer, EventReporter reporter)
    {
        Directory.CreateDirectory(folder);
        ModelWeights.Save(Path.Combine(folder, "model.safetensors"), trainer.Task.Model, About(spec, trainer));
        reporter.Log("info", $"weights of epoch {trainer.Progress.BestEpoch} are in model.safetensors");
    }

    private static Dictionary<string, string> About(RunSpec spec, TrainingLoop trainer)
    {
        var data = trainer.Task.Describe();
        return new()
        {
            ["model"] = JsonSerializer.Serialize(spec.Model, ContractJson.Options),
            ["dataset"] = data.Dataset,
            ["features"] = Text(data.Features),
            ["classes"] = Text(data.Classes),
            ["seed"] = Text(spec.Seed),
            ["epoch"] = Text(trainer.Progress.BestEpoch),
            ["chosenBy"] = ContractJson.NameOf(spec.Training.Selection),
        };
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
