using System.Globalization;
using Contracts;
using DeepGnn.Aggregation;
using DeepGnn.Datasets;
using DeepGnn.Interchange;
using DeepGnn.Models;
using Testing;
using static TorchSharp.torch;

namespace Training.Tests;

/// <summary>What a finished run leaves in its folder, read by other ways than it was written.</summary>
public sealed class ResultFilesTests
{
    private static readonly NodeDataset s_karate = NodeDatasets.Load(Specs.Karate().Data, []);

    [Fact]
    public void Weights_and_predictions_are_those_of_the_chosen_epoch()
    {
        using var scope = NewDisposeScope();
        using var folder = TestFolders.NewTemporary();
        var spec = Specs.Karate(epochs: 12);
        spec = spec with { Training = spec.Training with { SavePredictions = true, Selection = Selection.ValidLoss } };

        var (exit, events) = TrainerProgram.Run(spec, "--artifacts", folder.Path);

        Assert.Equal(TrainerExit.Finished, exit);
        var finished = Assert.IsType<FinishedEvent>(events[^1]);
        using var model = new DeepGcn(spec.Model, s_karate.Features.ColumnCount, s_karate.ClassCount);
        var about = ModelWeights.Load(folder.File("model.safetensors"), model);
        Assert.Equal(finished.BestEpoch.ToString(CultureInfo.InvariantCulture), about["epoch"]);
        Assert.Equal(("validLoss", "34", "2"), (about["chosenBy"], about["features"], about["classes"]));

        // The weights in the file, evaluated here, give the predictions of the table and the figure that was reported.
        using var x = new InputFeatures(s_karate.Features, CPU);
        model.eval();
        using var constant = no_grad();
        var expected = model.forward(x, s_karate.Graph).softmax(1);
        var lines = File.ReadAllLines(folder.File("predictions.csv"));
        Assert.Equal("node,split,label,predicted,p_0,p_1", lines[0]);
        var rows = lines[1..].Select(line => line.Split(',')).ToArray();
        var right = rows.Where(row => row[1] == "test").Average(row => row[2] == row[3] ? 1.0 : 0.0);
        Assert.Equal(finished.TestMetric, right, 1e-9);
        foreach (var row in rows)
        {
            var node = int.Parse(row[0], CultureInfo.InvariantCulture);
            Assert.Equal(s_karate.Labels[node].ToString(CultureInfo.InvariantCulture), row[2]);
            Assert.Equal(expected[node, 1].item<float>(), float.Parse(row[5], CultureInfo.InvariantCulture), 1e-5f);
        }

        var split = s_karate.Splits[0];
        Assert.Equal(split.Train.Length + split.Valid.Length + split.Test.Length, rows.Length);
        Assert.All(new[] { "predictions.npy", "predictions-labels.npy", "predictions-samples.npy" }, name => Assert.True(File.Exists(folder.File(name))));
    }

    [Fact]
    public void A_run_that_asks_for_no_predictions_leaves_none()
    {
        using var folder = TestFolders.NewTemporary();

        TrainerProgram.Run(Specs.Karate(epochs: 2), "--artifacts", folder.Path);

        Assert.Equal(["epoch-0000002.ckpt", "model.safetensors"], Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }
}
