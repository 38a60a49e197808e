using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation;

/// <summary>
/// The reductions over edges and their derivatives, on tensors without autograd. N nodes, E edges, D channels, H heads; g is the gradient of
/// the loss with respect to the reduction's result.
/// </summary>
internal abstract class EdgeKernels
{
    /// <summary>Σ_e w_e m_e at each target, divided by its number of edges if <paramref name="mean"/>; w is [E, H], H divides D. Result [N, D].</summary>
    public abstract Tensor Sum(Messages messages, Graph graph, Tensor? weights, bool mean);

    /// <summary>Gradients of <see cref="Sum"/> with respect to nodes, edges and weights, each only if needed.</summary>
    public abstract EdgeGradients SumBackward(Messages messages, Graph graph, Tensor? weights, bool mean, Tensor g, Needed needed);

    /// <summary>The largest message per channel, 0 where there is none, and the edge it came on (−1: none). Results [N, D].</summary>
    public abstract (Tensor Largest, Tensor Edge) Max(Messages messages, Graph graph);

    /// <summary>Gradients of <see cref="Max"/>; <paramref name="edge"/> is its second result.</summary>
    public abstract EdgeGradients MaxBackward(Messages messages, Graph graph, Tensor edge, Tensor g, Needed needed);

    /// <summary>Σ_e p_e m_e with p = softmax of t·m over the edges of a target, and log Σ_e exp(t·m_e); t is [D]. Results [N, D].</summary>
    public abstract (Tensor Sum, Tensor LogSum) Softmax(Messages messages, Graph graph, Tensor t);

    /// <summary>
    /// Gradients of <see cref="Softmax"/>; the parameter's is [D]. If <paramref name="stopped"/>, the weights p count as constants.
    /// </summary>
    public abstract EdgeGradients SoftmaxBackward(
        Messages messages, Graph graph, Tensor t, Tensor sum, Tensor logSum, Tensor g, bool stopped, Needed needed);

    /// <summary>Mean over the edges of a target of min(max(m, lowest), highest)^p; p is [D]. Result [N, D].</summary>
    public abstract Tensor PowerMean(Messages messages, Graph graph, Tensor p, double lowest, double highest);

    /// <summary>Gradients of <see cref="PowerMean"/>; the parameter's is [D].</summary>
    public abstract EdgeGradients PowerMeanBackward(
        Messages messages, Graph graph, Tensor p, double lowest, double highest, Tensor g, Needed needed);

    /// <summary>Softmax of [E, H] over the edges of each target. Result [E, H].</summary>
    public abstract Tensor EdgeSoftmax(Tensor scores, Graph graph);

    /// <summary>Gradient of <see cref="EdgeSoftmax"/>; <paramref name="shares"/> is its result.</summary>
    public abstract Tensor EdgeSoftmaxBackward(Tensor shares, Graph graph, Tensor g);

    /// <summary>Σ_c a_hc·leakyrelu(z_ehc) of pairs z; a is [H, C], H·C = D. Result [E, H].</summary>
    public abstract Tensor PairScores(Pairs pairs, Graph graph, Tensor attention, double slope);

    /// <summary>Gradients of <see cref="PairScores"/>; the parameter's is [H, C].</summary>
    public abstract PairGradients PairScoresBackward(Pairs pairs, Graph graph, Tensor attention, double slope, Tensor g, NeededByPairs needed);

    /// <summary>
    /// Mean and variance (divided by E) over all edges of y_e = leakyrelu(z_e); slope 1 leaves z as it is, 0 rectifies. Result [2, D].
    /// </summary>
    public abstract Tensor PairMoments(Pairs pairs, Graph graph, double slope);

    /// <summary>Gradients of <see cref="PairMoments"/>; <paramref name="moments"/> is its result, g is [2, D].</summary>
    public abstract PairGradients PairMomentsBackward(
        Pairs pairs, Graph graph, double slope, Tensor moments, Tensor g, NeededByPairs needed);
}

/// <summary>z_e = s_j + t_i (+ a_e) for an edge j → i, never stored.</summary>
/// <param name="Sources">s, [N, D].</param>
/// <param name="Targets">t, [N, D].</param>
/// <param name="Edges">a, or null.</param>
internal readonly record struct Pairs(Tensor Sources, Tensor Targets, EdgeFeatures? Edges = null);

/// <summary>Which gradients of pairs somebody asked for.</summary>
internal readonly record struct NeededByPairs(bool Sources, bool Targets, NeededOfEdges Edges, bool Parameter)
{
    public static NeededByPairs By(Pairs pairs, Tensor? parameter) => new(
        pairs.Sources.requires_grad, pairs.Targets.requires_grad, NeededOfEdges.By(pairs.Edges), parameter?.requires_grad ?? false);
}

/// <summary>Gradients with respect to s, t, a and the function's parameter; null where not needed.</summary>
internal readonly record struct PairGradients(Tensor? Sources, Tensor? Targets, EdgeFeatureGradients Edges, Tensor? Parameter);

/// <summary>Which gradients somebody asked for.</summary>
internal readonly record struct Needed(bool Nodes, NeededOfEdges Edges, bool Parameter);

/// <summary>Gradients with respect to x [N, D], what edges add and the reduction's parameter; null where not needed.</summary>
internal readonly record struct EdgeGradients(Tensor? Nodes, EdgeFeatureGradients Edges, Tensor? Parameter);
