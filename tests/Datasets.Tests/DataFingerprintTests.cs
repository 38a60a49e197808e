using DeepGnn.Datasets;
using DeepGnn.Datasets.PointClouds;
using DeepGnn.Graphs;

namespace Datasets.Tests;

/// <summary>Equal data give equal fingerprints, and whatever a training sees of them changes theirs.</summary>
public sealed class DataFingerprintTests
{
    [Fact]
    public void A_set_of_graphs_is_told_apart_by_edges_features_labels_order_and_split()
    {
        var split = new SampleSplit([0], [1], [2]);
        var set = Graphs();
        Assert.Equal(DataFingerprint.Of(set, split), DataFingerprint.Of(Graphs(), new SampleSplit([0], [1], [2])));

        GraphCollection With(GraphSample first) => set with { Graphs = [first, set.Graphs[1], set.Graphs[2]] };
        var first = set.Graphs[0];
        string[] others =
        [
            DataFingerprint.Of(set, new SampleSplit([1], [0], [2])),
            DataFingerprint.Of(set with { Graphs = [.. set.Graphs.Reverse()] }, split),
            DataFingerprint.Of(With(first with { Graph = Path(edges: [(0, 1), (1, 2)]) }), split),
            DataFingerprint.Of(With(first with { Features = FeatureMatrix.FromDense(3, 1, [1, 2, 4]) }), split),
            DataFingerprint.Of(With(first with { Label = 1 }), split),
            DataFingerprint.Of(With(first with { NodeLabels = [0, 0, 1] }), split),
            DataFingerprint.Of(With(first with { NodeTargets = new LabelMatrix(3, 1, [1, 0, 1]) }), split),
        ];
        Assert.Equal(others.Length, others.Except([DataFingerprint.Of(set, split)]).Distinct().Count());
    }

    [Fact]
    public void A_set_of_clouds_is_told_apart_by_positions_features_labels_and_split()
    {
        var split = new SampleSplit([0], [1], [2]);
        var cloud = new PointCloud("a", [0, 0, 0, 1, 1, 1], new DenseMatrix(2, 1, [5, 6])) { PointLabels = [0, 1] };
        string Of(PointCloud first, SampleSplit divided) => DataFingerprint.Of(
            new PointCloudDataset { Name = "clouds", Clouds = [first, cloud, cloud], FeatureNames = ["height"], ClassNames = ["a", "b"], Segmentation = true, Splits = [divided] }, divided);

        Assert.Equal(Of(cloud, split), Of(cloud with { Name = "b", Positions = [.. cloud.Positions] }, split));
        string[] others =
        [
            Of(cloud, new SampleSplit([2], [1], [0])),
            Of(cloud with { Positions = [0, 0, 0, 1, 1, 2] }, split),
            Of(cloud with { Features = new DenseMatrix(2, 1, [5, 7]) }, split),
            Of(cloud with { PointLabels = [1, 1] }, split),
            Of(cloud with { Label = 1 }, split),
        ];
        Assert.Equal(others.Length, others.Except([Of(cloud, split)]).Distinct().Count());
    }

    private static GraphCollection Graphs() => new()
    {
        Name = "three",
        Graphs = [.. Enumerable.Range(0, 3).Select(g => new GraphSample($"{g}", Path([(0, 1)]), FeatureMatrix.FromDense(3, 1, [1, 2, 3 + (10 * g)])) { Label = 0 })],
        FeatureCount = 1,
        ClassCount = 2,
        Target = GraphTarget.Graph,
        Splits = [new SampleSplit([0], [1], [2])],
    };

    private static Graph Path(IReadOnlyList<(int From, int To)> edges) => new(3, [.. edges.Select(edge => edge.From)], [.. edges.Select(edge => edge.To)]);
}
