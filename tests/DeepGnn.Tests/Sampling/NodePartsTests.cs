using DeepGnn.Graphs;
using DeepGnn.Sampling;

namespace DeepGnn.Tests.Sampling;

public sealed class NodePartsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(50)]
    public void Random_parts_hold_each_node_once_in_equal_sizes(int parts)
    {
        var found = NodeParts.Random(50, parts, seed: 3, epoch: 2);

        var all = Enumerable.Range(0, parts).Select(part => found.Nodes(part).ToArray()).ToArray();
        Assert.Equal(Enumerable.Range(0, 50), all.SelectMany(nodes => nodes).Order());
        Assert.All(all, nodes => Assert.InRange(nodes.Length, 50 / parts, (50 + parts - 1) / parts));
        Assert.All(all, nodes => Assert.Equal(nodes.Order(), nodes));
    }

    [Fact]
    public void Random_parts_are_the_same_for_a_seed_and_epoch_and_others_for_another()
    {
        var first = NodeParts.Random(100, 5, seed: 1, epoch: 4).PartOf;

        Assert.Equal(first, NodeParts.Random(100, 5, seed: 1, epoch: 4).PartOf);
        Assert.NotEqual(first, NodeParts.Random(100, 5, seed: 1, epoch: 5).PartOf);
        Assert.NotEqual(first, NodeParts.Random(100, 5, seed: 2, epoch: 4).PartOf);
    }

    [Fact]
    public void Share_kept_is_that_of_the_subgraphs_edges()
    {
        var graph = RandomGraph.Of(60, 500, seed: 8);
        var parts = NodeParts.Random(60, 4, seed: 0, epoch: 1);

        var within = Enumerable.Range(0, 500).Count(e => parts.PartOf[graph.Sources[e]] == parts.PartOf[graph.Targets[e]]);

        Assert.Equal(within / 500.0, parts.ShareKept(graph));
        Assert.Equal(within, parts.Subgraphs(graph).Sum(part => part.Graph.EdgeCount));
        Assert.Equal(1, NodeParts.Random(3, 2, seed: 0, epoch: 1).ShareKept(new Graph(3, [], [])));
    }

    [Fact]
    public void Combined_parts_are_unions_that_keep_at_least_as_many_edges()
    {
        var graph = RandomGraph.Of(60, 500, seed: 8);
        var parts = NodeParts.Random(60, 10, seed: 0, epoch: 1);

        var combined = parts.Combined(4, seed: 0, epoch: 1);

        Assert.Equal(3, combined.Count);
        Assert.All(Enumerable.Range(0, 10), part => Assert.Single(parts.Nodes(part).ToArray().Select(node => combined.PartOf[node]).Distinct()));
        Assert.True(combined.ShareKept(graph) > parts.ShareKept(graph));
        Assert.NotEqual(combined.PartOf, parts.Combined(4, seed: 0, epoch: 2).PartOf);
        Assert.Equal(combined.PartOf, parts.Combined(4, seed: 0, epoch: 1).PartOf);
        Assert.Equal(1, parts.Combined(10, seed: 0, epoch: 1).ShareKept(graph));
    }

    [Fact]
    public void Numbers_of_parts_that_cannot_be_are_refused_with_both_numbers()
    {
        Assert.Contains("found 9, needed 1 to 8", Refused(() => NodeParts.Random(8, 9, 0, 0)), StringComparison.Ordinal);
        Assert.Contains("found 0, needed 1 to 8", Refused(() => NodeParts.Random(8, 0, 0, 0)), StringComparison.Ordinal);
        Assert.Contains("found 4, needed 1 to 3", Refused(() => NodeParts.Random(8, 3, 0, 0).Combined(4, 0, 0)), StringComparison.Ordinal);
        Assert.Contains("part 1: found no nodes", Refused(() => _ = new NodeParts([0, 2, 0], 3)), StringComparison.Ordinal);
        Assert.Contains("node 1: found part 2", Refused(() => _ = new NodeParts([0, 2, 1], 2)), StringComparison.Ordinal);
        Assert.Contains("found 8 nodes, needed the graph's 5", Refused(() => NodeParts.Random(8, 2, 0, 0).ShareKept(new Graph(5, [], []))), StringComparison.Ordinal);
    }

    private static string Refused(Action action) => Assert.Throws<ArgumentException>(action).Message;
}
