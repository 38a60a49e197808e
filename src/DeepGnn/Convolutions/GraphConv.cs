using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>
/// x'_i = W_1 x_i + W_2 AGG_{j→i}(w_ji x_j) + b.
/// Source: Morris et al., "Weisfeiler and Leman Go Neural", arXiv 1810.02244, section 3; PyG GraphConv.
/// </summary>
public sealed class GraphConv : GraphConvolution
{
    private readonly Linear lin_rel;
    private readonly Linear lin_root;
    private readonly Aggregator aggr_module;
    private readonly Reduction _reduction;

    /// <summary>Linear layers are drawn uniformly within ±1/√F.</summary>
    /// <param name="inChannels">F.</param>
    /// <param name="outChannels">F'.</param>
    /// <param name="reduction">Any; edge weights need <see cref="Reduction.Sum"/> or <see cref="Reduction.Mean"/>.</param>
    /// <param name="bias">Whether b is added.</param>
    public GraphConv(int inChannels, int outChannels, Reduction reduction = Reduction.Sum, bool bias = true) : base(nameof(GraphConv))
    {
        _reduction = reduction;
        lin_rel = nn.Linear(inChannels, outChannels, bias);
        lin_root = nn.Linear(inChannels, outChannels, hasBias: false);
        aggr_module = new Aggregator(reduction);
        RegisterComponents();
    }

    /// <summary>Unweighted: x is [N, F], the result [N, F'].</summary>
    public override Tensor forward(Tensor x, Graph graph)
    {
        using var scope = NewDisposeScope();
        return (lin_rel.call(aggr_module.call(x, graph)) + lin_root.call(x)).MoveToOuterDisposeScope();
    }

    /// <summary>Weighted: edges w is [E] and may require a gradient.</summary>
    /// <exception cref="NotSupportedException">The reduction is neither sum nor mean.</exception>
    public override Tensor forward(Tensor x, Graph graph, Tensor edges)
    {
        using var scope = NewDisposeScope();
        var aggregated = _reduction switch
        {
            Reduction.Sum => Aggregate.Sum(x, graph, edges),
            Reduction.Mean => Aggregate.Mean(x, graph, edges),
            _ => throw new NotSupportedException($"edge weights: found reduction {_reduction}, needed Sum or Mean"),
        };
        return (lin_rel.call(aggregated) + lin_root.call(x)).MoveToOuterDisposeScope();
    }
}
