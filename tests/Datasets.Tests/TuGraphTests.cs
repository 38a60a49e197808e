using Contracts;
using DeepGnn.Datasets;
using Testing;

namespace Datasets.Tests;

public sealed class TuGraphTests : IDisposable
{
    private readonly TemporaryFolder _folder = TestFolders.NewTemporary();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("mutag", 188, 17.93, 19.79)]
    [InlineData("proteins", 1_113, 39.06, 72.82)]
    [InlineData("enzymes", 600, 32.63, 62.14)]
    public void A_set_has_the_published_counts(string name, int graphs, double meanNodes, double meanEdges)
    {
        TestFolders.RequireData("tu_graphs");
        var set = GraphCollections.Load(new() { Dataset = name, RowNormalize = false }, [TestFolders.Data]);
        Assert.Equal(graphs, set.Graphs.Count);
        Assert.Equal(meanNodes, set.Graphs.Average(graph => graph.Graph.NodeCount), 0.005);
        Assert.Equal(meanEdges, set.Graphs.Average(graph => graph.Graph.EdgeCount / 2.0), 0.005);

        var entry = DatasetCatalog.Find(name)!;
        Assert.Equal((entry.Nodes, entry.Edges), (set.Graphs.Sum(graph => graph.Graph.NodeCount), set.Graphs.Sum(graph => graph.Graph.EdgeCount / 2)));
        Assert.Equal((entry.Features, entry.Classes), (set.FeatureCount, set.ClassCount));
        Assert.All(set.Graphs, graph => Assert.All(graph.Features.RowNormalized().Values, value => Assert.Equal(1, value)));
    }

    [Fact]
    public void Each_graph_is_tested_by_one_fold_and_never_chooses_for_itself()
    {
        TestFolders.RequireData("tu_graphs", "ENZYMES");
        var set = GraphCollections.Load(new() { Dataset = "enzymes" }, [TestFolders.Data]);
        Assert.Equal(10, set.Splits.Count);
        Assert.Equal(Enumerable.Range(0, 600), set.Splits.SelectMany(split => split.Test).Order());
        Assert.All(set.Splits, split => Assert.Equal((480, 60, 60), (split.Train.Length, split.Valid.Length, split.Test.Length)));
        Assert.All(set.Splits, split => Assert.Equal(600, split.Train.Concat(split.Valid).Concat(split.Test).Distinct().Count()));
    }

    [Fact]
    public void Graphs_that_the_published_folds_leave_over_always_train()
    {
        TestFolders.RequireData("tu_graphs", "MUTAG");
        var set = GraphCollections.Load(new() { Dataset = "mutag" }, [TestFolders.Data]);
        int[] leftOver = [0, 13, 37, 114, 161, 163, 169, 187];
        Assert.All(set.Splits, split => Assert.Equal((152, 18, 18), (split.Train.Length, split.Valid.Length, split.Test.Length)));
        Assert.All(set.Splits, split => Assert.Equal(leftOver, split.Train.Intersect(leftOver).Order()));
    }

    [Fact]
    public void Attributes_come_before_the_tag_one_hot()
    {
        Write("MUTAG.txt", "2\n2 1\n5 1 1 0.5 2\n3 1 0 1.5 -2\n1 -1\n5 0 0 0\n");
        var set = Load(splits: false);
        Assert.Equal([0.5f, 2, 0, 1, 1.5f, -2, 1, 0], set.Graphs[0].Features.ToDense());
        Assert.Equal((1, 0), (set.Graphs[0].Label, set.Graphs[1].Label));
    }

    [Theory]
    [InlineData("1\n2 0\n0 1 5\n0 0\n", "line 3: found \"5\", needed a whole number from 0 to 1")]
    [InlineData("1\n2 0\n0 9 1\n0 0\n", "line 3: found \"9\", needed a whole number from 0 to 1")]
    [InlineData("2\n1 0\n0 0\n", "line 4: found the end of the file: it is cut")]
    [InlineData("1\n1 0\n0 0\n3 3\n", "line 4: found more lines, needed none after 1 graphs")]
    [InlineData("1\n2000000000 0\n0 0\n", "line 4: found the end of the file: it is cut")]
    [InlineData("2\n1 0\n0 0\n1 1\n0 0 0.5\n", "graph 1, node 0: found 1 attributes, needed 0 as in the first graph")]
    [InlineData("1\n1 0\n0 0 NaN\n", "line 3: found \"NaN\", needed a finite number")]
    [InlineData("-1\n", "line 1: found -1 graphs, needed at least 1")]
    [InlineData("", "line 1: found the end of the file: it is cut")]
    public void A_file_that_does_not_fit_is_refused(string content, string message)
    {
        Write("MUTAG.txt", content);
        Assert.Equal($"{_folder.File("MUTAG.txt")}: {message}", Assert.Throws<DataException>(() => Load(splits: false)).Message);
    }

    [Fact]
    public void The_folder_layout_gives_the_same_graphs()
    {
        // Two graphs, a path of three nodes and an edge, ten times over so that ten folds can be dealt.
        Write("MUTAG_A.txt", string.Concat(Enumerable.Range(0, 10).Select(i => i * 5).Select(o => $"{o + 1}, {o + 2}\n{o + 2}, {o + 1}\n{o + 2}, {o + 3}\n{o + 4}, {o + 5}\n")));
        Write("MUTAG_graph_indicator.txt", string.Concat(Enumerable.Range(0, 10).Select(i => $"{(2 * i) + 1}\n{(2 * i) + 1}\n{(2 * i) + 1}\n{(2 * i) + 2}\n{(2 * i) + 2}\n")));
        Write("MUTAG_graph_labels.txt", string.Concat(Enumerable.Repeat("-1\n1\n", 10)));
        Write("MUTAG_node_labels.txt", string.Concat(Enumerable.Repeat("7\n8\n7\n7\n7\n", 10)));
        Write("MUTAG_node_attributes.txt", string.Concat(Enumerable.Repeat("1, 2\n3, 4\n5, 6\n7, 8\n9, 10\n", 10)));

        var set = Load(splits: true);
        Assert.Equal((20, 4, 2), (set.Graphs.Count, set.FeatureCount, set.ClassCount));
        Assert.Equal((3, 4), (set.Graphs[0].Graph.NodeCount, set.Graphs[0].Graph.EdgeCount));
        Assert.Equal([1, 2, 1, 0, 3, 4, 0, 1, 5, 6, 1, 0], set.Graphs[0].Features.ToDense());
        Assert.All(set.Splits, split => Assert.Equal([0, 1], split.Test.Select(graph => set.Graphs[graph].Label!.Value).Order()));
    }

    [Fact]
    public void An_edge_between_two_graphs_is_refused()
    {
        Write("MUTAG_A.txt", "1, 2\n");
        Write("MUTAG_graph_indicator.txt", "1\n2\n");
        Write("MUTAG_graph_labels.txt", "0\n1\n");
        Assert.EndsWith("MUTAG_A.txt: edge 0: found nodes of graphs 1 and 2, needed one graph", Assert.Throws<DataException>(() => Load(splits: true)).Message);
    }

    private void Write(string name, string content) => File.WriteAllText(_folder.File(name), content);

    /// <summary>A made file of few graphs has no ten folds; then the graphs are read past the checks of the catalogue.</summary>
    private GraphCollection Load(bool splits) => splits
        ? GraphCollections.Load(new() { Dataset = "mutag", RowNormalize = false }, [_folder.Path])
        : TuGraphReader.Read("mutag", _folder.File("MUTAG.txt"));
}
