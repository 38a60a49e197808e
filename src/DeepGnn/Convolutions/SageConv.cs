using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>Defaults are PyG's.</summary>
public sealed record SageConvOptions
{
    /// <summary>How neighbours become one row.</summary>
    public Reduction Reduction { get; init; } = Reduction.Mean;

    /// <summary>Whether rows of the result are scaled to length 1.</summary>
    public bool Normalize { get; init; }

    /// <summary>Whether W_r x_i is added.</summary>
    public bool RootWeight { get; init; } = true;

    /// <summary>Whether neighbours pass relu(W x_j + b) first ("pool" in the paper, with <see cref="Reduction.Max"/>).</summary>
    public bool Project { get; init; }

    /// <summary>Whether a bias is added.</summary>
    public bool Bias { get; init; } = true;
}

/// <summary>
/// x'_i = W_l AGG_{j→i}(x_j) + W_r x_i + b.
/// Source: Hamilton et al., "Inductive Representation Learning on Large Graphs", arXiv 1706.02216, algorithm 1; PyG SAGEConv.
/// </summary>
public sealed class SageConv : GraphConvolution
{
    private readonly Linear? lin;
    private readonly Linear lin_l;
    private readonly Linear? lin_r;
    private readonly Aggregator aggr_module;
    private readonly bool _normalize;
    private readonly Reduction _reduction;
    private readonly bool _isLinear; // W_l AGG(x_j) = AGG(W_l x_j), and no wider rows than those of x are aggregated

    /// <summary>Linear layers are drawn uniformly within ±1/√F.</summary>
    /// <param name="inChannels">F.</param>
    /// <param name="outChannels">F'.</param>
    /// <param name="options">PyG's defaults if null.</param>
    public SageConv(int inChannels, int outChannels, SageConvOptions? options = null) : base(nameof(SageConv))
    {
        var o = options ?? new SageConvOptions();
        _normalize = o.Normalize;
        lin = o.Project ? nn.Linear(inChannels, inChannels) : null;
        lin_l = nn.Linear(inChannels, outChannels, o.Bias);
        lin_r = o.RootWeight ? nn.Linear(inChannels, outChannels, hasBias: false) : null;
        aggr_module = new Aggregator(o.Reduction);
        _reduction = o.Reduction;
        _isLinear = o.Reduction is Reduction.Mean or Reduction.Sum && !o.Project && outChannels <= inChannels;
        RegisterComponents();
    }

    /// <summary>x is [N, F], the result [N, F'].</summary>
    public override Tensor forward(Tensor x, Graph graph)
    {
        using var scope = NewDisposeScope();
        var h = _isLinear
            ? MappedSum.Of(x, graph, null, _reduction == Reduction.Mean, lin_l.weight!, lin_r?.weight, lin_l.bias)
            : Mapped(x, graph); // [N, F']
        return (_normalize ? nn.functional.normalize(h, p: 2, dim: -1) : h).MoveToOuterDisposeScope();
    }

    private Tensor Mapped(Tensor x, Graph graph)
    {
        using var scope = NewDisposeScope();
        var neighbors = lin is null ? x : lin.call(x).relu();
        var h = lin_l.call(aggr_module.call(neighbors, graph)); // [N, F']
        if (lin_r is not null) { h += lin_r.call(x); }
        return h.MoveToOuterDisposeScope();
    }
}
