using Contracts;
using DeepGnn.Datasets;
using DeepGnn.Datasets.Numpy;
using DeepGnn.Graphs;
using Testing;

namespace Datasets.Tests;

/// <summary>The real files against their published counts, and against the pickle-free copies beside them.</summary>
public sealed class RealNodeDatasetTests
{
    [Theory]
    [InlineData("cora", "planetoid/cora")]
    [InlineData("amazon-photo", "shchur")]
    [InlineData("coauthor-cs", "shchur")]
    [InlineData("actor", "heterophilous")]
    [InlineData("chameleon-filtered", "heterophilous")]
    [InlineData("texas", "heterophilous")]
    [InlineData("tolokers", "heterophilous")]
    [InlineData("minesweeper", "heterophilous")]
    public void A_set_has_the_counts_of_the_catalogue_when_read_from_its_files(string name, string folder)
    {
        TestFolders.RequireData(folder.Split('/'));
        var set = Load(name);
        var entry = DatasetCatalog.Find(name)!;
        Assert.Equal(entry.Nodes, set.Graph.NodeCount);
        Assert.Equal(2 * entry.Edges, set.Graph.EdgeCount);
        Assert.Equal((entry.Nodes, entry.Features), (set.Features.RowCount, set.Features.ColumnCount));
        Assert.Equal(entry.Classes, set.ClassCount);
        Assert.Equal(entry.Splits, set.Splits.Count);
        AssertUndirected(set.Graph);
    }

    [Theory]
    [InlineData("cora", 140, 500, 1_000)]
    [InlineData("amazon-photo", 160, 240, 7_250)]
    [InlineData("coauthor-cs", 300, 450, 17_583)]
    [InlineData("actor", 3_648, 2_432, 1_520)]
    [InlineData("chameleon-filtered", 409, 287, 194)]
    [InlineData("texas", 87, 59, 37)]
    [InlineData("tolokers", 5_879, 2_939, 2_940)]
    [InlineData("minesweeper", 5_000, 2_500, 2_500)]
    public void A_set_has_the_published_first_split(string name, int train, int valid, int test)
    {
        TestFolders.RequireData();
        var split = Load(name).Splits[0];
        Assert.Equal((train, valid, test), (split.Train.Length, split.Valid.Length, split.Test.Length));
    }

    [Theory]
    [InlineData("tolokers", Metric.RocAuc)]
    [InlineData("minesweeper", Metric.RocAuc)]
    [InlineData("texas", Metric.Accuracy)]
    public void A_set_is_scored_as_in_its_literature(string name, Metric metric)
    {
        TestFolders.RequireData("heterophilous");
        Assert.Equal(metric, Load(name).Metric);
    }

    [Fact]
    public void Cora_equals_its_plain_copy()
    {
        var plain = TestFolders.RequireData("planetoid", "cora", "plain");
        var set = Load("cora");
        AssertEqualsPlain(plain, set);
        Assert.Equal(49_216, set.Features.Values.Length);
        Assert.All(set.Features.Values, value => Assert.Equal(1, value));
        Assert.Equal(Ints(plain, "train_idx"), set.Splits[0].Train);
        Assert.Equal(Ints(plain, "val_idx"), set.Splits[0].Valid);
        Assert.Equal(Ints(plain, "test_idx").Order(), set.Splits[0].Test);
    }

    [Theory]
    [InlineData("amazon-photo", "amazon_photo")]
    [InlineData("coauthor-cs", "coauthor_cs")]
    public void A_set_of_pickled_matrices_equals_its_plain_copy(string name, string folder)
    {
        var plain = TestFolders.RequireData("shchur", "plain", folder);
        var set = Load(name);
        AssertEqualsPlain(plain, set);

        var parts = Ints(plain, "splits10");
        for (var s = 0; s < 10; s++)
        {
            var split = set.Splits[s];
            var nodes = set.Graph.NodeCount;
            Assert.All(split.Train, node => Assert.Equal(0, parts[(s * nodes) + node]));
            Assert.All(split.Valid, node => Assert.Equal(1, parts[(s * nodes) + node]));
            Assert.All(split.Test, node => Assert.Equal(2, parts[(s * nodes) + node]));
            Assert.Equal(nodes, split.Train.Length + split.Valid.Length + split.Test.Length);
        }
    }

    [Fact]
    public void Splits_are_drawn_when_none_lie_beside_the_file()
    {
        var file = TestFolders.RequireData("shchur", "amazon_photo.npz");
        using var folder = TestFolders.NewTemporary();
        File.Copy(file, folder.File("amazon_photo.npz"));
        var set = NodeDatasets.Load(new() { Dataset = "amazon-photo" }, [folder.Path]);
        Assert.Equal(10, set.Splits.Count);
        foreach (var split in set.Splits)
        {
            Assert.All(Enumerable.Range(0, 8), c => Assert.Equal(20, split.Train.Count(node => set.Labels[node] == c)));
            Assert.All(Enumerable.Range(0, 8), c => Assert.Equal(30, split.Valid.Count(node => set.Labels[node] == c)));
            Assert.Equal(7_650 - (50 * 8), split.Test.Length);
        }

        Assert.NotEqual(set.Splits[0].Train, set.Splits[1].Train);
    }

    [Fact]
    public void Features_are_row_normalised_when_the_spec_asks()
    {
        TestFolders.RequireData("planetoid", "cora");
        var features = NodeDatasets.Load(new() { Dataset = "cora", RowNormalize = true }, [TestFolders.Data]).Features;
        for (var i = 0; i < features.RowCount; i++)
        {
            Assert.Equal(1, features.Values[features.Offsets[i]..features.Offsets[i + 1]].Sum(), 1e-5);
        }
    }

    private static NodeDataset Load(string name) => NodeDatasets.Load(new() { Dataset = name, RowNormalize = false }, [TestFolders.Data]);

    private static int[] Ints(string folder, string name) => NpyReader.ReadFile(Path.Combine(folder, name + ".npy")).ToInts("value");

    private static void AssertEqualsPlain(string plain, NodeDataset set)
    {
        Assert.Equal(Ints(plain, "labels"), set.Labels);
        Assert.Equal(Ints(plain, "x_indptr"), set.Features.Offsets);
        Assert.Equal(RowsSorted(set.Features.Offsets, Ints(plain, "x_indices")), set.Features.Columns);

        var edges = Ints(plain, "edges");
        var needed = edges.Chunk(2).SelectMany(edge => new[] { (edge[0], edge[1]), (edge[1], edge[0]) }).ToHashSet();
        Assert.Equal(needed.Count, set.Graph.EdgeCount);
        Assert.All(set.Graph.Sources.Zip(set.Graph.Targets), edge => Assert.Contains(edge, needed));

        var values = Path.Combine(plain, "x_values.npy");
        if (!File.Exists(values)) { return; }
        var sum = NpyReader.ReadFile(values).ToFloats("value").Sum(value => (double)value);
        Assert.Equal(sum, set.Features.Values.Sum(value => (double)value), 1e-3);
    }

    private static int[] RowsSorted(int[] offsets, int[] columns)
    {
        for (var i = 0; i + 1 < offsets.Length; i++) { Array.Sort(columns, offsets[i], offsets[i + 1] - offsets[i]); }
        return columns;
    }

    private static void AssertUndirected(Graph graph)
    {
        var edges = graph.Sources.Zip(graph.Targets).ToHashSet();
        Assert.Equal(graph.EdgeCount, edges.Count);
        Assert.DoesNotContain(edges, edge => edge.First == edge.Second);
        Assert.All(edges, edge => Assert.Contains((edge.Second, edge.First), edges));
    }
}
