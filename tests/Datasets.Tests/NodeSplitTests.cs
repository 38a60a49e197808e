using DeepGnn.Datasets;

namespace Datasets.Tests;

public sealed class NodeSplitTests
{
    private static readonly int[] Labels = [.. Enumerable.Range(0, 200).Select(node => node % 10 == 9 ? -1 : node % 3)];

    [Fact]
    public void A_random_split_divides_the_labelled_nodes_by_share()
    {
        var split = NodeSplits.Random(Labels, 0.6, 0.2, seed: 1);
        Assert.Equal((108, 36, 36), (split.Train.Length, split.Valid.Length, split.Test.Length));
        Assert.Equal(Enumerable.Range(0, 200).Where(node => Labels[node] >= 0), split.Train.Concat(split.Valid).Concat(split.Test).Order());
    }

    [Fact]
    public void Splits_differ_by_seed_only()
    {
        Assert.Equal(NodeSplits.Random(Labels, 0.6, 0.2, 1).Train, NodeSplits.Random(Labels, 0.6, 0.2, 1).Train);
        Assert.NotEqual(NodeSplits.Random(Labels, 0.6, 0.2, 1).Train, NodeSplits.Random(Labels, 0.6, 0.2, 2).Train);
        Assert.NotEqual(NodeSplits.PerClass(Labels, 3, 5, 5, 1).Train, NodeSplits.PerClass(Labels, 3, 5, 5, 2).Train);
    }

    [Fact]
    public void A_random_split_is_the_one_it_has_always_been() =>
        Assert.Equal([0, 1, 2], NodeSplits.Random([0, 1, 0, 1, 0, 1], 0.5, 0.2, seed: 0).Train);

    [Theory]
    [InlineData(0, 0.5)]
    [InlineData(0.5, 0.5)]
    [InlineData(0.9, double.NaN)]
    public void Shares_that_leave_a_split_empty_are_refused(double train, double valid) =>
        Assert.Throws<ArgumentException>(() => NodeSplits.Random(Labels, train, valid, 0));

    [Fact]
    public void Folds_hold_each_sample_once_and_nearly_the_same_classes()
    {
        int[] labels = [.. Enumerable.Range(0, 103).Select(i => i < 30 ? 1 : 0)];
        var folds = NodeSplits.Folds(labels, 10, seed: 4);
        Assert.Equal(Enumerable.Range(0, 103), folds.SelectMany(fold => fold).Order());
        Assert.All(folds, fold => Assert.InRange(fold.Length, 10, 11));
        Assert.All(folds, fold => Assert.Equal(3, fold.Count(i => labels[i] == 1)));
    }
}
