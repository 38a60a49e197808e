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
}

/// <summary>Which gradients somebody asked for.</summary>
internal readonly record struct Needed(bool Nodes, bool Edges, bool Parameter);

/// <summary>Gradients with respect to x [N, D], a [E, D] and the reduction's parameter; null where not needed.</summary>
internal readonly record struct EdgeGradients(Tensor? Nodes, Tensor? Edges, Tensor? Parameter);
