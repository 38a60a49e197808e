using DeepGnn.Graphs;
using DeepGnn.Sampling;

namespace DeepGnn.Tests.Sampling;

public sealed class NeighborSamplingTests
{
    private static readonly int[] Seeds = [0, 3, 5, 8, 13, 21, 34];

    [Theory]
    [InlineData(1, new[] { 2 })]
    [InlineData(2, new[] { 3, 2 })]
    [InlineData(3, new[] { -1, 1, 4 })]
    [InlineData(4, new[] { 0, 2 })]
    public void Sampled_edges_are_distinct_edges_of_the_graph_and_no_node_has_more_than_its_hops_fanout(int seed, int[] fanouts)
    {
        var graph = RandomGraph.Of(60, 600, seed);
        foreach (var batch in new NeighborSampling(graph, Seeds, 3, fanouts, seed).Batches(epoch: 1))
        {
            Assert.Equal(batch.Edges.Length, batch.Edges.Distinct().Count());
            Assert.Equal(batch.Nodes.Length, batch.Nodes.Distinct().Count());
            for (var e = 0; e < batch.Edges.Length; e++)
            {
                Assert.Equal(graph.Sources[batch.Edges[e]], batch.Nodes[batch.Graph.Sources[e]]);
                Assert.Equal(graph.Targets[batch.Edges[e]], batch.Nodes[batch.Graph.Targets[e]]);
            }

            var hops = Hops(batch);
            for (var i = 0; i < batch.Nodes.Length; i++)
            {
                var degree = graph.Incoming.Degree(batch.Nodes[i]);
                var fanout = hops[i] < fanouts.Length ? fanouts[hops[i]] : 0;
                Assert.Equal(fanout < 0 ? degree : Math.Min(fanout, degree), batch.Graph.Incoming.Degree(i));
            }
        }
    }

    [Fact]
    public void Seeds_come_first_count_alone_and_are_each_in_one_batch()
    {
        var graph = RandomGraph.Of(60, 600, seed: 2);

        var batches = new NeighborSampling(graph, Seeds, 3, [4, 4], seed: 0).Batches(epoch: 7).ToList();

        Assert.Equal([3, 3, 1], batches.Select(batch => batch.Counted.Length));
        Assert.All(batches, batch => Assert.Equal(Enumerable.Range(0, batch.Counted.Length), batch.Counted));
        Assert.Equal(Seeds, batches.SelectMany(batch => batch.Counted.Select(i => batch.Nodes[i])).Order());
        Assert.All(batches, batch => Assert.Equal(batch.Graph.Targets.Order(), batch.Graph.Targets));
        Assert.All(batches, AssertFirstSeenOrder);
    }

    [Fact]
    public void Batches_are_the_same_for_a_seed_and_epoch_whatever_was_drawn_before()
    {
        var graph = RandomGraph.Of(60, 600, seed: 2);
        var sampling = new NeighborSampling(graph, Seeds, 3, [2, 2], seed: 5);
        var once = Drawn(sampling, epoch: 3);
        _ = Drawn(sampling, epoch: 4);

        Assert.Equal(once, Drawn(new NeighborSampling(graph, Seeds, 3, [2, 2], seed: 5), epoch: 3));
        Assert.Equal(once, Drawn(sampling, epoch: 3));
        Assert.NotEqual(once, Drawn(sampling, epoch: 4));
        Assert.NotEqual(once, Drawn(new NeighborSampling(graph, Seeds, 3, [2, 2], seed: 6), epoch: 3));
    }

    [Fact]
    public void Each_incoming_edge_is_drawn_equally_often()
    {
        var graph = new Graph(6, [1, 2, 3, 4, 5], [0, 0, 0, 0, 0]);
        var sampling = new NeighborSampling(graph, [0], 1, [2], seed: 1);

        var counts = new int[5];
        for (var epoch = 0; epoch < 2_000; epoch++)
        {
            foreach (var edge in sampling.Batches(epoch).Single().Edges) { counts[edge]++; }
        }

        // Mean 800, standard deviation √(2000·0.4·0.6) = 22.
        Assert.All(counts, count => Assert.InRange(count, 800 - 110, 800 + 110));
    }

    [Fact]
    public void All_fanouts_give_the_seeds_the_whole_of_their_surroundings_under_any_names()
    {
        var graph = RandomGraph.Of(60, 150, seed: 3);
        var names = RandomGraph.Permutation(60, seed: 4);
        var renamed = RandomGraph.Renamed(graph, names, RandomGraph.Permutation(150, seed: 5));

        var plain = new NeighborSampling(graph, [7], 1, [-1, -1], seed: 0).Batches(1).Single();
        var other = new NeighborSampling(renamed, [names[7]], 1, [-1, -1], seed: 0).Batches(1).Single();

        Assert.Equal(plain.Nodes.Select(node => names[node]).Order(), other.Nodes.Order());
        Assert.Equal(plain.Graph.EdgeCount, other.Graph.EdgeCount);
    }

    [Fact]
    public void Faulty_settings_are_refused_with_what_was_found()
    {
        var graph = RandomGraph.Of(10, 20, seed: 1);

        Assert.Contains("seeds: found none", Refused([], 1, [1]), StringComparison.Ordinal);
        Assert.Contains("found node 10, needed a node from 0 to 9", Refused([10], 1, [1]), StringComparison.Ordinal);
        Assert.Contains("found node 2 twice", Refused([2, 2], 1, [1]), StringComparison.Ordinal);
        Assert.Contains("batch size: found 0", Refused([1], 0, [1]), StringComparison.Ordinal);
        Assert.Contains("fanouts: found none", Refused([1], 1, []), StringComparison.Ordinal);
        Assert.Contains("fanout 1: found -2", Refused([1], 1, [3, -2]), StringComparison.Ordinal);

        string Refused(int[] seeds, int batchSize, int[] fanouts) =>
            Assert.Throws<ArgumentException>(() => new NeighborSampling(graph, seeds, batchSize, fanouts, 0)).Message;
    }

    private static int[] Hops(Subgraph batch)
    {
        var hops = new int[batch.Nodes.Length];
        Array.Fill(hops, int.MaxValue);
        foreach (var i in batch.Counted) { hops[i] = 0; }
        for (var e = 0; e < batch.Edges.Length; e++) // edges come hop by hop
        {
            hops[batch.Graph.Sources[e]] = Math.Min(hops[batch.Graph.Sources[e]], hops[batch.Graph.Targets[e]] + 1);
        }

        return hops;
    }

    private static void AssertFirstSeenOrder(Subgraph batch)
    {
        var seen = batch.Counted.Concat(batch.Graph.Sources).Distinct();
        Assert.Equal(Enumerable.Range(0, batch.Nodes.Length), seen);
    }

    private static List<int> Drawn(NeighborSampling sampling, int epoch) =>
        [.. sampling.Batches(epoch).SelectMany(batch => batch.Nodes.Concat(batch.Edges))];
}
