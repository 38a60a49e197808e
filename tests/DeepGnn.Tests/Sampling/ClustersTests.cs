using DeepGnn.Graphs;
using DeepGnn.Sampling;

namespace DeepGnn.Tests.Sampling;

public sealed class ClustersTests
{
    [Theory]
    [InlineData(200, 1_500, 1, 1.1)]
    [InlineData(200, 1_500, 8, 1.1)]
    [InlineData(200, 1_500, 8, 1.0)]
    [InlineData(2_000, 3_000, 7, 1.05)]
    [InlineData(2_000, 3_000, 500, 1.1)]
    [InlineData(50, 0, 6, 1.1)]
    [InlineData(50, 400, 50, 1.1)]
    [InlineData(1, 0, 1, 1.1)]
    public void Parts_hold_each_node_once_and_stay_within_the_tolerance(int nodes, int edges, int parts, double tolerance)
    {
        var graph = edges == 0 ? new Graph(nodes, [], []) : RandomGraph.Of(nodes, edges, seed: 4);

        var found = Clusters.Of(graph, parts, seed: 1, tolerance);

        var sizes = Enumerable.Range(0, parts).Select(part => found.Nodes(part).Length).ToArray();
        Assert.Equal(nodes, sizes.Sum());
        Assert.InRange(sizes.Min(), 1, nodes);
        Assert.InRange(sizes.Max(), 1, Math.Max((nodes + parts - 1) / parts, (int)(tolerance * nodes / parts)));
    }

    [Fact]
    public void Disjoint_cliques_are_found_without_a_cut_edge()
    {
        var (sources, targets) = (new List<int>(), new List<int>());
        var names = RandomGraph.Permutation(12 * 40, seed: 6);
        for (var clique = 0; clique < 12; clique++)
        {
            for (var i = 0; i < 40; i++)
            {
                for (var j = 0; j < 40; j++)
                {
                    if (i == j) { continue; }
                    sources.Add(names[(clique * 40) + i]);
                    targets.Add(names[(clique * 40) + j]);
                }
            }
        }

        var graph = new Graph(12 * 40, [.. sources], [.. targets]);

        Assert.Equal(1, Clusters.Of(graph, 12, seed: 0).ShareKept(graph));
        Assert.Equal(1, Clusters.Of(graph, 4, seed: 0).ShareKept(graph));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(9)]
    public void A_star_with_isolated_nodes_is_balanced(int parts)
    {
        var graph = new Graph(5_000, [.. Enumerable.Range(1, 4_000)], new int[4_000]);

        var found = Clusters.Of(graph, parts, seed: 2);

        Assert.All(Enumerable.Range(0, parts), part => Assert.InRange(found.Nodes(part).Length, 1, (int)(1.1 * 5_000 / parts)));
    }

    [Fact]
    public void A_grid_is_cut_nearly_as_short_as_straight_lines_would()
    {
        var graph = Grid(64);

        var cut = Edges(graph, Clusters.Of(graph, 16, seed: 3)) / 2;

        // 16 squares of 16 by 16 cut 2·3·64 = 384 pairs.
        Assert.InRange(cut, 1, 384 * 5 / 4);
    }

    [Fact]
    public void Equal_seeds_give_equal_parts()
    {
        var graph = RandomGraph.Of(3_000, 12_000, seed: 9);

        Assert.Equal(Clusters.Of(graph, 10, seed: 5).PartOf, Clusters.Of(graph, 10, seed: 5).PartOf);
        Assert.NotEqual(Clusters.Of(graph, 10, seed: 5).PartOf, Clusters.Of(graph, 10, seed: 6).PartOf);
    }

    [Fact]
    public void Renamed_nodes_and_edges_in_another_order_are_cut_as_well()
    {
        var graph = Grid(50);
        var names = RandomGraph.Permutation(graph.NodeCount, seed: 1);
        var renamed = RandomGraph.Renamed(graph, names, RandomGraph.Permutation(graph.EdgeCount, seed: 2));

        var (kept, keptRenamed) = (Clusters.Of(graph, 10, 0).ShareKept(graph), Clusters.Of(renamed, 10, 0).ShareKept(renamed));

        Assert.InRange(kept, 0.85, 1);
        Assert.InRange(keptRenamed, kept - 0.03, kept + 0.03);
    }

    [Fact]
    public void Direction_and_self_loops_of_edges_do_not_change_the_parts_but_their_number_does_count()
    {
        // Two heavy pairs joined by light edges: four edges 0→1, four 3→2, one each way around.
        var graph = new Graph(4, [0, 0, 0, 0, 3, 3, 3, 3, 1, 3, 2, 2], [1, 1, 1, 1, 2, 2, 2, 2, 2, 0, 2, 2]);

        var found = Clusters.Of(graph, 2, seed: 0).PartOf;

        Assert.Equal(found[0], found[1]);
        Assert.Equal(found[2], found[3]);
        Assert.NotEqual(found[0], found[2]);
    }

    [Fact]
    public void More_parts_than_nodes_and_a_tolerance_below_one_are_refused_with_their_numbers()
    {
        var graph = RandomGraph.Of(20, 40, seed: 1);

        Assert.Contains("found 21, needed 1 to 20", Refused(() => Clusters.Of(graph, 21, 0)), StringComparison.Ordinal);
        Assert.Contains("found 0.9, needed a finite number of at least 1", Refused(() => Clusters.Of(graph, 2, 0, 0.9)), StringComparison.Ordinal);
    }

    private static string Refused(Action action) => Assert.Throws<ArgumentException>(action).Message;

    private static int Edges(Graph graph, NodeParts parts) =>
        Enumerable.Range(0, graph.EdgeCount).Count(e => parts.PartOf[graph.Sources[e]] != parts.PartOf[graph.Targets[e]]);

    private static Graph Grid(int side)
    {
        var (sources, targets) = (new List<int>(), new List<int>());
        for (var node = 0; node < side * side; node++)
        {
            if (node % side < side - 1) { Join(node, node + 1); }
            if (node / side < side - 1) { Join(node, node + side); }
        }

        return new Graph(side * side, [.. sources], [.. targets]);

        void Join(int a, int b)
        {
            sources.AddRange([a, b]);
            targets.AddRange([b, a]);
        }
    }
}
