using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation;

/// <summary>
/// Reductions of messages at the targets of a graph, with gradients: memory O(N·D), no tensor of size E×D in either direction but the
/// gradient of edge features where they are given and need one. An isolated node gets 0 (the power mean: its lower clamp). Results do not
/// depend on the number of threads.
/// </summary>
public static class Aggregate
{
    /// <summary>Σ_e w_e m_e.</summary>
    /// <param name="messages">m, D channels.</param>
    /// <param name="graph">N nodes, E edges.</param>
    /// <param name="weights">[E], or [E, H] where head h weighs channels h·D/H to (h+1)·D/H − 1; null: all 1.</param>
    /// <returns>[N, D].</returns>
    /// <exception cref="ArgumentException">A shape does not fit the graph.</exception>
    public static Tensor Sum(Messages messages, Graph graph, Tensor? weights = null) => Summed(messages, graph, weights, mean: false);

    /// <summary>Σ_e w_e m_e divided by the number of incoming edges; weights as in <see cref="Sum"/>. Returns [N, D].</summary>
    public static Tensor Mean(Messages messages, Graph graph, Tensor? weights = null) => Summed(messages, graph, weights, mean: true);

    /// <summary>
    /// The largest message in each channel. The gradient of a tie goes to the edge that comes first in the edge list
    /// (Differs: PyG without torch_scatter shares it among ties). Returns [N, D].
    /// </summary>
    public static Tensor Max(Messages messages, Graph graph)
    {
        var m = Checked(messages, graph);
        using var scope = NewDisposeScope();
        var call = new MaxCall(Kernels.For(m.Nodes), m, graph, NeededBy(m, null));
        return MaxFunction.apply([m.Nodes, .. EdgeFeatures.Arguments(m.Edges), call]).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Σ_e p_e ⊙ m_e with p = softmax over the edges of a target of t·m, channel by channel.
    /// Source: Li et al., "DeeperGCN: All You Need to Train Deeper GCNs", arXiv 2006.07739, equation 3.
    /// </summary>
    /// <param name="messages">m, D channels.</param>
    /// <param name="graph">N nodes, E edges.</param>
    /// <param name="t">Inverse temperature, [1] or [D]; large t tends to the maximum, 0 is the mean.</param>
    /// <param name="stopped">Treats p as a constant in the backward pass ("softmax_sg"); t then gets no gradient.</param>
    /// <returns>[N, D].</returns>
    public static Tensor Softmax(Messages messages, Graph graph, Tensor t, bool stopped = false)
    {
        var m = Checked(messages, graph);
        using var scope = NewDisposeScope();
        var perChannel = PerChannel(stopped ? t.detach() : t, m.Width);
        var call = new SoftmaxCall(Kernels.For(m.Nodes), m, graph, stopped, NeededBy(m, perChannel));
        return SoftmaxFunction.apply([m.Nodes, .. EdgeFeatures.Arguments(m.Edges), perChannel, call]).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// (mean_e clamp(m_e)^p, clamped)^(1/p), channel by channel; both clamps to [lowest, highest].
    /// Source: arXiv 2006.07739, equation 4. PyG clamps to [1e-4, 100], deep_gcns_torch to [1e-7, 10].
    /// </summary>
    /// <param name="messages">m, D channels.</param>
    /// <param name="graph">N nodes, E edges.</param>
    /// <param name="p">Power, [1] or [D], not 0; 1 is the mean.</param>
    /// <param name="lowest">Lower clamp, above 0; an isolated node gets lowest^(1/p).</param>
    /// <param name="highest">Upper clamp.</param>
    /// <returns>[N, D].</returns>
    public static Tensor PowerMean(Messages messages, Graph graph, Tensor p, double lowest = 1e-4, double highest = 100)
    {
        var m = Checked(messages, graph);
        using var scope = NewDisposeScope();
        var perChannel = PerChannel(p, m.Width);
        var call = new PowerMeanCall(Kernels.For(m.Nodes), m, graph, lowest, highest, NeededBy(m, perChannel));
        var mean = PowerMeanFunction.apply([m.Nodes, .. EdgeFeatures.Arguments(m.Edges), perChannel, call]);
        return mean.clamp(lowest, highest).pow(perChannel.reciprocal()).MoveToOuterDisposeScope();
    }

    private static Tensor Summed(Messages messages, Graph graph, Tensor? weights, bool mean)
    {
        var m = Checked(messages, graph);
        using var scope = NewDisposeScope();
        var perHead = weights is null ? null : Heads(weights, m, graph);
        var call = new SumCall(Kernels.For(m.Nodes), m, graph, perHead, mean, NeededBy(m, perHead));
        return SumFunction.apply([m.Nodes, .. EdgeFeatures.Arguments(m.Edges), perHead!, call]).MoveToOuterDisposeScope();
    }

    /// <summary>Edge weights as [E, heads], checked.</summary>
    internal static Tensor Heads(Tensor weights, Messages messages, Graph graph)
    {
        var perHead = weights.dim() == 1 ? weights.unsqueeze(1) : weights;
        if (perHead.dim() != 2 || perHead.shape[0] != graph.EdgeCount || messages.Width % perHead.shape[1] != 0)
        {
            throw new ArgumentException(
                $"edge weights: found shape [{string.Join(", ", weights.shape)}], needed [{graph.EdgeCount}] or [{graph.EdgeCount}, heads] with heads dividing {messages.Width}");
        }

        return perHead.to(messages.Nodes.dtype).contiguous();
    }

    /// <summary>[D] of a parameter of one or D values.</summary>
    internal static Tensor PerChannel(Tensor parameter, long width)
    {
        if (parameter.numel() != 1 && parameter.numel() != width)
        {
            throw new ArgumentException($"aggregation parameter: found {parameter.numel()} values, needed 1 or {width}");
        }

        return parameter.reshape(-1).expand(width).contiguous();
    }

    /// <summary>The same messages, contiguous, once their shapes fit the graph.</summary>
    internal static Messages Checked(Messages messages, Graph graph)
    {
        var x = messages.Nodes;
        if (x.dim() != 2 || x.shape[0] != graph.NodeCount)
        {
            throw new ArgumentException($"node features: found shape [{string.Join(", ", x.shape)}], needed [{graph.NodeCount}, channels]");
        }

        return messages with { Nodes = x.contiguous(), Edges = messages.Edges?.Checked(graph.EdgeCount, x.shape[1]) };
    }

    private static Needed NeededBy(Messages messages, Tensor? parameter) =>
        new(messages.Nodes.requires_grad, NeededOfEdges.By(messages.Edges), parameter?.requires_grad ?? false);
}
