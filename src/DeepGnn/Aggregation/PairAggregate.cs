using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation;

/// <summary>
/// Functions of pairs z_e = s_j + t_i (+ a_e) for each edge j → i, with gradients; z is never stored. Together with a softmax over edges and a
/// weighted sum they make attention; together with a maximum they make an edge convolution with batch statistics.
/// </summary>
public static class PairAggregate
{
    /// <summary>Softmax over the edges of each target; scores and result are [E, H].</summary>
    public static Tensor Softmax(Tensor scores, Graph graph)
    {
        using var scope = NewDisposeScope();
        var rows = scores.contiguous();
        return EdgeSoftmaxFunction.apply(rows, new EdgeSoftmaxCall(Kernels.For(rows), graph)).MoveToOuterDisposeScope();
    }

    /// <summary>Σ_c a_hc·leakyrelu(z_ehc): the scores of GATv2.</summary>
    /// <param name="sources">s, [N, H·C].</param>
    /// <param name="targets">t, [N, H·C].</param>
    /// <param name="edges">a_e of H·C channels, or null.</param>
    /// <param name="attention">a, [H, C].</param>
    /// <param name="slope">Slope of the leaky rectifier below zero.</param>
    /// <param name="graph">N nodes, E edges.</param>
    /// <returns>[E, H].</returns>
    public static Tensor Scores(Tensor sources, Tensor targets, EdgeFeatures? edges, Tensor attention, double slope, Graph graph)
    {
        using var scope = NewDisposeScope();
        var pairs = new Pairs(sources.contiguous(), targets.contiguous(), edges?.Checked(graph.EdgeCount, sources.shape[1]));
        var a = attention.contiguous();
        var call = new PairScoresCall(Kernels.For(pairs.Sources), graph, slope, NeededByPairs.By(pairs, a));
        return PairScoresFunction.apply([pairs.Sources, pairs.Targets, .. EdgeFeatures.Arguments(pairs.Edges), a, call]).MoveToOuterDisposeScope();
    }

    /// <summary>Mean and (biased) variance over all edges of leakyrelu(z), a slope of 1 meaning z itself.</summary>
    /// <param name="sources">s, [N, D].</param>
    /// <param name="targets">t, [N, D].</param>
    /// <param name="slope">Slope below zero.</param>
    /// <param name="graph">N nodes, E edges.</param>
    /// <returns>[2, D]: means, variances; zeros without edges.</returns>
    public static Tensor Moments(Tensor sources, Tensor targets, double slope, Graph graph)
    {
        using var scope = NewDisposeScope();
        var pairs = new Pairs(sources.contiguous(), targets.contiguous());
        var call = new PairMomentsCall(Kernels.For(pairs.Sources), graph, slope, NeededByPairs.By(pairs, null));
        return PairMomentsFunction.apply(pairs.Sources, pairs.Targets, call).MoveToOuterDisposeScope();
    }
}
