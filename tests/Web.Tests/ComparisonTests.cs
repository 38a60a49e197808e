using Contracts;
using Web.Components.Pages;

namespace Web.Tests;

public sealed class ComparisonTests
{
    [Fact]
    public void A_cell_is_the_mean_and_unbiased_deviation_over_succeeded_seeds()
    {
        var comparison = Comparison.Of(
        [
            Run(16, Backbone.Res, 0.80), Run(16, Backbone.Res, 0.82), Run(16, Backbone.Res, 0.84), Run(16, Backbone.Res, 0.10, RunStatus.Running), Run(16, Backbone.Res, null, RunStatus.Failed),
            Run(2, Backbone.Plain, 0.81),
        ]);

        Assert.Equal([2, 16], comparison.Depths);
        Assert.Equal(["plain", "res"], comparison.Models);
        var cell = comparison.At(16, "res")!;
        Assert.Equal("0.8200 ± 0.0200 (3)", cell.Text);
        Assert.Equal((1, 1, 5), (cell.Open, cell.Failed, cell.Runs));
        Assert.Equal("0.8100", comparison.At(2, "plain")!.Text);
        Assert.Null(comparison.At(16, "plain"));
    }

    [Fact]
    public void Columns_name_only_what_differs()
    {
        var wide = Run(2, Backbone.Res, 0.8) with { HiddenChannels = 128 };
        Assert.Equal(["res · 64", "res · 128"], Comparison.Of([wide, Run(2, Backbone.Res, 0.8)]).Models);
        Assert.Equal(["cora · res", "pubmed · res"], Comparison.Of([Run(2, Backbone.Res, 0.8), Run(2, Backbone.Res, 0.8) with { Dataset = "pubmed" }]).Models);
    }

    [Fact]
    public void A_model_without_runs_at_a_depth_leaves_a_gap_in_the_chart()
    {
        var rows = Comparison.Of([Run(2, Backbone.Plain, 0.8), Run(4, Backbone.Res, 0.7)]).Rows();
        Assert.Equal([2, 0.8, double.NaN], rows[0]);
        Assert.Equal([4, double.NaN, 0.7], rows[1]);
    }

    [Fact]
    public void Peak_memory_by_depth_is_the_highest_of_a_cell_in_MiB()
    {
        var rows = Comparison.Of([Run(2, Backbone.Plain, 0.8) with { PeakMemoryBytes = 3L << 20 }, Run(2, Backbone.Plain, 0.8) with { PeakMemoryBytes = 5L << 20 }, Run(4, Backbone.Res, null, RunStatus.Queued)]).MemoryRows();
        Assert.Equal([2, 5, double.NaN], rows[0]);
        Assert.Equal([4, double.NaN, double.NaN], rows[1]);
    }

    [Fact]
    public void Runs_of_one_seed_in_one_cell_are_told_to_differ_in_more_than_seeds()
    {
        Assert.False(Comparison.Of([Run(2, Backbone.Res, 0.8), Run(2, Backbone.Res, 0.8) with { Seed = 1 }, Run(2, Backbone.Res, null, RunStatus.Failed)]).MixesSettings);
        Assert.True(Comparison.Of([Run(2, Backbone.Res, 0.8), Run(2, Backbone.Res, 0.7)]).MixesSettings);
    }

    [Fact]
    public void The_time_left_is_that_of_the_last_epochs()
    {
        var start = DateTimeOffset.UnixEpoch;
        EpochPoint Point(int epoch, double second, int attempt = 2) => new() { Seq = epoch, Attempt = attempt, Figures = new() { Epoch = epoch, At = start.AddSeconds(second) } };

        Assert.Equal(TimeSpan.FromSeconds(2 * 90), Eta.Of([Point(8, 0), Point(9, 2), Point(10, 4)], 100));
        // The pause between two attempts is not training time.
        Assert.Equal(TimeSpan.FromSeconds(2 * 90), Eta.Of([Point(8, 0, attempt: 1), Point(9, 1000), Point(10, 1002)], 100));
        Assert.Null(Eta.Of([Point(1, 0)], 100));
        Assert.Null(Eta.Of([], 100));
    }

    private static RunSummary Run(int layers, Backbone backbone, double? test, RunStatus status = RunStatus.Succeeded) => new()
    {
        Id = Guid.NewGuid(), Name = "run", Dataset = "cora", Layers = layers, Backbone = backbone, HiddenChannels = 64, TestMetric = test, Status = status, Metric = "accuracy",
    };
}
