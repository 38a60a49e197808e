using static TorchSharp.torch;

namespace DeepGnn.Graphs;

/// <summary>Random thinning of a graph while training, from libtorch's generator; with probability 0 the graph itself comes back.</summary>
public static class GraphDropout
{
    /// <summary>
    /// Each directed edge is left out with probability <paramref name="probability"/>.
    /// Source: Rong et al., "DropEdge", arXiv 1907.10903, equation 1.
    /// </summary>
    /// <returns>A graph of the edges kept and their positions in the original edge list, rising, for edge weights or features.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not in [0, 1).</exception>
    public static (Graph Graph, int[] Kept) DropEdges(Graph graph, double probability)
    {
        var kept = Kept(graph.EdgeCount, probability);
        var edges = Enumerable.Range(0, graph.EdgeCount).Where(e => kept is null || kept[e]);
        return Part(graph, kept is null, edges);
    }

    /// <summary>
    /// Each node loses all its edges with probability <paramref name="probability"/>; it stays in the graph, isolated, so that rows keep their
    /// meaning. Source: Do et al., "Graph Convolutional Neural Networks with Node Transition Probability-based Message Passing and DropNode
    /// Regularization", arXiv 2008.12578.
    /// </summary>
    /// <returns>As <see cref="DropEdges"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not in [0, 1).</exception>
    public static (Graph Graph, int[] Kept) DropNodes(Graph graph, double probability)
    {
        var kept = Kept(graph.NodeCount, probability);
        var edges = Enumerable.Range(0, graph.EdgeCount).Where(e => kept is null || (kept[graph.Sources[e]] && kept[graph.Targets[e]]));
        return Part(graph, kept is null, edges);
    }

    private static bool[]? Kept(int count, double probability)
    {
        if (probability is not (>= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(probability), probability, "needed a probability from 0 to below 1");
        }

        if (probability == 0 || count == 0) { return null; }
        using var scope = NewDisposeScope();
        return rand(count, float64).ge(probability).data<bool>().ToArray();
    }

    private static (Graph Graph, int[] Kept) Part(Graph graph, bool whole, IEnumerable<int> edges)
    {
        int[] kept = [.. edges];
        if (whole) { return (graph, kept); }
        return (new Graph(graph.NodeCount, [.. kept.Select(e => graph.Sources[e])], [.. kept.Select(e => graph.Targets[e])]) { Batch = graph.Batch }, kept);
    }
}
