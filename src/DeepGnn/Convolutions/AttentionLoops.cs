using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>Edge values on a graph whose self-loops were replaced by one at each node, as attention convolutions do it.</summary>
internal static class AttentionLoops
{
    /// <summary>
    /// [E, K] on <paramref name="graph"/> gives [E', K] on its twin with self-loops: other edges keep their rows, the loop of a node gets the
    /// mean of the rows arriving over other edges, 0 where there are none.
    /// </summary>
    public static Tensor WithMeans(Tensor edges, Graph graph)
    {
        using var scope = NewDisposeScope();
        var kept = graph.Kept((nameof(AttentionLoops), edges.dtype, edges.device.type, edges.device.index), () => Indices(graph, edges));
        var rest = edges.index_select(0, kept[0]);
        var sum = Aggregate.Sum(new Messages(zeros(graph.NodeCount, edges.shape[1], edges.dtype, edges.device), edges), graph, kept[1]);
        return cat([rest, sum]).MoveToOuterDisposeScope();
    }

    private static Tensor[] Indices(Graph graph, Tensor like)
    {
        var rest = Enumerable.Range(0, graph.EdgeCount).Where(e => graph.Sources[e] != graph.Targets[e]).ToArray();
        var degrees = new int[graph.NodeCount];
        foreach (var e in rest) { degrees[graph.Targets[e]]++; }
        var weights = new double[graph.EdgeCount];
        foreach (var e in rest) { weights[e] = 1.0 / degrees[graph.Targets[e]]; }
        return [tensor(rest, int64, like.device), tensor(weights, like.dtype, like.device)];
    }
}
