using DeepGnn.Datasets;
using DeepGnn.Graphs;
using DeepGnn.Sampling;

namespace DeepGnn.Tests.Sampling;

public sealed class SubgraphTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Induced_subgraph_has_exactly_the_edges_with_both_ends_inside_under_their_original_positions(int seed)
    {
        var graph = RandomGraph.Of(40, 300, seed);
        var nodes = RandomGraph.Permutation(40, seed)[..17];
        var counted = Enumerable.Range(0, 40).Select(node => node % 3 == 0).ToArray();

        var part = Subgraph.Induced(graph, nodes, counted);

        var inside = Enumerable.Range(0, 300).Where(e => nodes.Contains(graph.Sources[e]) && nodes.Contains(graph.Targets[e]));
        Assert.Equal(inside, part.Edges.Order());
        for (var e = 0; e < part.Edges.Length; e++)
        {
            Assert.Equal(graph.Sources[part.Edges[e]], nodes[part.Graph.Sources[e]]);
            Assert.Equal(graph.Targets[part.Edges[e]], nodes[part.Graph.Targets[e]]);
        }

        Assert.Equal(nodes, part.Nodes);
        Assert.Equal(Enumerable.Range(0, 17).Where(i => nodes[i] % 3 == 0), part.Counted);
    }

    [Fact]
    public void Induced_subgraph_of_all_nodes_aggregates_in_the_order_of_the_whole_graph()
    {
        var graph = RandomGraph.Of(30, 200, seed: 5);

        var part = Subgraph.Induced(graph, [.. Enumerable.Range(0, 30)]);

        Assert.Equal(graph.Incoming.Offsets, part.Graph.Incoming.Offsets);
        Assert.Equal(graph.Incoming.Neighbors, part.Graph.Incoming.Neighbors);
        Assert.Equal(graph.Incoming.Edges, part.Graph.Incoming.Edges.Select(e => part.Edges[e]));
        Assert.Equal(30, part.Counted.Length);
    }

    [Fact]
    public void Nodes_that_are_missing_repeated_or_out_of_range_are_refused_with_their_value()
    {
        var graph = RandomGraph.Of(10, 20, seed: 1);

        Assert.Contains("found no nodes", Refused([]), StringComparison.Ordinal);
        Assert.Contains("found node 4 twice", Refused([4, 1, 4]), StringComparison.Ordinal);
        Assert.Contains("found node 10, needed a node from 0 to 9", Refused([10]), StringComparison.Ordinal);

        string Refused(int[] nodes) => Assert.Throws<ArgumentException>(() => Subgraph.Induced(graph, nodes)).Message;
    }

    [Fact]
    public void Picked_feature_rows_are_those_of_the_nodes_and_stay_sparse()
    {
        var features = FeatureMatrix.FromDense(4, 3, [0, 1, 0, 2, 0, 3, 0, 0, 0, 4, 5, 6]);

        var picked = features.Pick([3, 2, 0, 3]);

        Assert.Equal([4, 5, 6, 0, 0, 0, 0, 1, 0, 4, 5, 6], picked.ToDense());
        Assert.Equal(7, picked.Values.Length);
        Assert.Contains("row 1: found node 4, needed a node from 0 to 3", Assert.Throws<ArgumentException>(() => features.Pick([0, 4])).Message, StringComparison.Ordinal);
    }
}
