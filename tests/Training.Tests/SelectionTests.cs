using Contracts;
using DeepGnn.Datasets;
using DeepGnn.Runtime;
using DeepGnn.Training;
using static TorchSharp.torch;

namespace Training.Tests;

public sealed class SelectionTests
{
    [Theory]
    [InlineData(Selection.ValidMetric)]
    [InlineData(Selection.ValidLoss)]
    [InlineData(Selection.ValidAccuracy)]
    public void The_chosen_epoch_is_the_first_best_of_the_figure_asked_for(Selection selection)
    {
        using var loop = Loop(Specs.Karate(epochs: 25), selection);
        var epochs = new List<EpochEvent>();
        while (!loop.IsFinished) { epochs.Add(loop.RunEpoch()); }

        var best = selection == Selection.ValidLoss ? epochs.MinBy(each => each.ValidLoss)! : epochs.MaxBy(each => each.ValidMetric)!;
        Assert.Equal((best.Epoch, best.TestMetric), (loop.Progress.BestEpoch, loop.Progress.TestMetric));
        Assert.Equal(best.Epoch, epochs.Last(each => each.IsBest).Epoch);
    }

    [Fact]
    public void A_metric_the_task_does_not_report_is_refused()
    {
        var error = Assert.Throws<DataSpecException>(() => Loop(Specs.Karate(), Selection.ValidMeanIou));
        Assert.Contains("$.training.selection", error.Message, StringComparison.Ordinal);
        Assert.Contains("needed a figure of accuracy", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_test_split_cannot_be_asked_to_choose()
    {
        var (_, fault) = RunSpecJson.Parse("""{"data":{"dataset":"karate"},"model":{},"training":{"selection":"testMetric"}}""");
        Assert.Equal("$.training.selection", fault!.Path);
        Assert.Contains("validMetric", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_of_the_chosen_epoch_come_back_after_a_checkpoint_too()
    {
        var spec = Specs.Karate(epochs: 25);
        var path = Path.Combine(Directory.CreateTempSubdirectory().FullName, "a.ckpt");
        using var loop = Loop(spec, Selection.ValidLoss);
        var atBest = "";
        while (!loop.IsFinished)
        {
            if (loop.RunEpoch().IsBest) { atBest = loop.WeightsSha256(); }
        }

        loop.Save(path);
        using var resumed = Loop(spec, Selection.ValidLoss);
        resumed.Resume(path);
        Assert.Equal(loop.WeightsSha256(), resumed.WeightsSha256());
        loop.RestoreBest();
        resumed.RestoreBest();
        Assert.Equal((atBest, atBest), (loop.WeightsSha256(), resumed.WeightsSha256()));
    }

    private static TrainingLoop Loop(RunSpec spec, Selection selection)
    {
        var chosen = spec with { Training = spec.Training with { Selection = selection } };
        TorchRuntime.Start(seed: 1);
        return new TrainingLoop(chosen, LearningTasks.Create(chosen, [], null, CPU), CPU);
    }
}
