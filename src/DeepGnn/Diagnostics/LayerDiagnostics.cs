using DeepGnn.Graphs;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Diagnostics;

/// <summary>
/// Figures of one layer that show over-smoothing, vanishing gradients and dead channels. All are computed in float64, without gradients and
/// without a tensor of E × D elements.
/// </summary>
public static class LayerDiagnostics
{
    /// <summary>
    /// E(h) = 1/(2N) Σ_{j→i} ‖h_i/√(1+d_i) − h_j/√(1+d_j)‖²; d counts incoming edges but self-loops, whose place the 1 takes. 0 means that all
    /// neighbours are equal but for their degrees. Repeated edges count as often as they appear.
    /// <para>Source: Cai and Wang, "A Note on Over-Smoothing for Graph Neural Networks", arXiv:2006.13318, definition 3.1. Differs: divided by
    /// the number of nodes N, so that graphs of different size compare.</para>
    /// </summary>
    /// <param name="h">[N, D], any floating type and device.</param>
    /// <param name="graph">N nodes; an undirected edge is two directed ones.</param>
    public static double DirichletEnergy(Tensor h, Graph graph)
    {
        using var scope = NewDisposeScope();
        using var constant = no_grad();
        var x = Checked(h, graph);
        var degrees = tensor(ArrivingEdges(graph), float64, x.device).unsqueeze(1); // [N, 1]
        return EdgeDistances.Squared(x / (degrees + 1).sqrt(), graph).sum().item<double>() / (2.0 * graph.NodeCount);
    }

    /// <summary>
    /// Mean average distance of neighbours: the cosine distance 1 − cos(h_i, h_j), averaged over the incoming edges of each node that are no
    /// self-loops, then over the nodes that have such edges. 0: all neighbours point the same way; NaN where no node has a neighbour.
    /// <para>Source: Chen et al., "Measuring and Relieving the Over-smoothing Problem", arXiv:1909.03211, section 3.1, with neighbours as
    /// the target pairs. Differs: a pair at distance 0 counts in the averages (the paper leaves it out, so that a collapsed layer would have
    /// no value), and two rows of zeros are at distance 0; a row of zeros is at distance 1 from any other.</para>
    /// </summary>
    /// <param name="h">[N, D], any floating type and device.</param>
    /// <param name="graph">N nodes; repeated edges count as often as they appear.</param>
    public static double MeanAverageDistance(Tensor h, Graph graph)
    {
        using var scope = NewDisposeScope();
        using var constant = no_grad();
        var x = Checked(h, graph);
        var degrees = ArrivingEdges(graph);
        var nodes = degrees.Count(degree => degree > 0);
        if (nodes == 0) { return double.NaN; }

        // 1 − cos is half the squared distance of unit rows. Rows of zeros get a direction of their own.
        var lengths = x.norm(1, keepdim: true, p: 2); // [N, 1]
        var isZero = lengths.eq(0).to(float64);
        var directions = cat([x / (lengths + isZero), isZero], dim: 1); // [N, D + 1]
        var weights = tensor(Array.ConvertAll(graph.Targets, i => 1.0 / Math.Max(1, degrees[i])), float64, x.device); // [E]
        return (EdgeDistances.Squared(directions, graph) * weights).sum().item<double>() / (2.0 * nodes);
    }

    /// <summary>Share of channels that are ≤ 0 at every node: a rectifier lets nothing of them through, nor any gradient back.</summary>
    /// <param name="h">[N, D].</param>
    public static double DeadChannelShare(Tensor h)
    {
        using var scope = NewDisposeScope();
        return h.detach().gt(0).any(0).logical_not().to(float64).mean().item<double>();
    }

    /// <summary>Share of the N·D entries that are exactly 0.</summary>
    /// <param name="h">[N, D].</param>
    public static double ZeroShare(Tensor h)
    {
        using var scope = NewDisposeScope();
        return h.detach().eq(0).to(float64).mean().item<double>();
    }

    /// <summary>Euclidean length of all gradients together, √(Σ g²); parameters without gradient count as 0.</summary>
    public static double GradientNorm(IEnumerable<Parameter> parameters)
    {
        using var scope = NewDisposeScope();
        using var constant = no_grad();
        return Math.Sqrt(parameters.Sum(parameter => parameter.grad is { } g ? g.to(float64).square().sum().item<double>() : 0));
    }

    // Incoming edges of each node without self-loops.
    private static int[] ArrivingEdges(Graph graph)
    {
        var degrees = new int[graph.NodeCount];
        for (var e = 0; e < graph.EdgeCount; e++)
        {
            if (graph.Sources[e] != graph.Targets[e]) { degrees[graph.Targets[e]]++; }
        }

        return degrees;
    }

    private static Tensor Checked(Tensor h, Graph graph) => h.dim() == 2 && h.shape[0] == graph.NodeCount
        ? h.detach().to(float64)
        : throw new ArgumentException($"layer output: found shape [{string.Join(", ", h.shape)}], needed [{graph.NodeCount}, channels]", nameof(h));
}
