using DeepGnn.Graphs;

namespace DeepGnn.Tests;

/// <summary>Graphs for tests: some nodes isolated, some edges repeated, self-loops where they fall.</summary>
internal static class RandomGraph
{
    public static Graph Of(int nodes, int edges, int seed)
    {
        var random = new Random(seed);
        // The last tenth of the nodes has no edge at all, the first has no incoming one.
        var connected = Math.Max(2, nodes - (nodes / 10) - 1);
        var sources = Enumerable.Range(0, edges).Select(_ => random.Next(connected)).ToArray();
        var targets = Enumerable.Range(0, edges).Select(_ => random.Next(1, connected)).ToArray();
        for (var e = 1; e < edges; e += 7) { (sources[e], targets[e]) = (sources[e - 1], targets[e - 1]); }
        return new Graph(nodes, sources, targets);
    }

    /// <summary>The same graph with node v called <paramref name="names"/>[v] and its edges in the order given.</summary>
    public static Graph Renamed(Graph graph, int[] names, int[] edgeOrder) => new(
        graph.NodeCount,
        [.. edgeOrder.Select(e => names[graph.Sources[e]])],
        [.. edgeOrder.Select(e => names[graph.Targets[e]])]);

    public static int[] Permutation(int count, int seed)
    {
        var order = Enumerable.Range(0, count).ToArray();
        new Random(seed).Shuffle(order);
        return order;
    }
}
