using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using DeepGnn.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>
/// x'_i = ‖_h Σ_{j→i} α_ijh Θ_h x_j + b, α the softmax over j of leakyrelu(a_s·Θx_j + a_d·Θx_i + a_e·Θ_e e_ji).
/// Source: Veličković et al., "Graph Attention Networks", arXiv 1710.10903, equations 1 to 6; PyG GATConv.
/// </summary>
public sealed class GatConv : GraphConvolution
{
    private readonly Linear lin;
    private readonly Parameter att_src;
    private readonly Parameter att_dst;
    private readonly Linear? lin_edge;
    private readonly Parameter? att_edge;
    private readonly Linear? res;
    private readonly Parameter? bias;
    private readonly AttentionOptions _options;
    private readonly int _outChannels;

    /// <summary>Weights are drawn uniformly within ±√(6/(in + out)), b is 0.</summary>
    /// <param name="inChannels">F.</param>
    /// <param name="outChannels">F' of one head.</param>
    /// <param name="options">PyG's defaults if null.</param>
    public GatConv(int inChannels, int outChannels, AttentionOptions? options = null) : base(nameof(GatConv))
    {
        var o = _options = options ?? new AttentionOptions();
        _outChannels = outChannels;
        var all = o.Heads * outChannels;
        lin = nn.Linear(inChannels, all, hasBias: false);
        att_src = nn.Parameter(empty(1, o.Heads, outChannels));
        att_dst = nn.Parameter(empty(1, o.Heads, outChannels));
        var drawn = new List<Tensor> { lin.weight, att_src, att_dst };
        if (o.EdgeChannels is { } edgeChannels)
        {
            lin_edge = nn.Linear(edgeChannels, all, hasBias: false);
            att_edge = nn.Parameter(empty(1, o.Heads, outChannels));
            drawn.AddRange([lin_edge.weight, att_edge]);
        }

        var width = o.Concat ? all : outChannels;
        res = o.Residual ? nn.Linear(inChannels, width, hasBias: false) : null;
        if (res is not null) { drawn.Add(res.weight); }
        bias = o.Bias ? nn.Parameter(zeros(width)) : null;
        foreach (var weight in drawn) { nn.init.xavier_uniform_(weight); }
        RegisterComponents();
    }

    /// <summary>x is [N, F], the result [N, H·F'] or, heads averaged, [N, F'].</summary>
    public override Tensor forward(Tensor x, Graph graph) => Convolve(x, graph, null);

    /// <summary>The same with edge features e, [E, EdgeChannels].</summary>
    public override Tensor forward(Tensor x, Graph graph, Tensor edges) => lin_edge is null
        ? throw new NotSupportedException("edge features: found some, needed EdgeChannels in the options")
        : Convolve(x, graph, edges);

    private Tensor Convolve(Tensor x, Graph graph, Tensor? edges)
    {
        using var scope = NewDisposeScope();
        var attended = _options.AddSelfLoops ? graph.WithSelfLoops.Graph : graph;
        var h = lin.call(x); // [N, H·F']
        var heads = h.view(-1, _options.Heads, _outChannels);
        var index = attended.IndexOn(x.device);
        var scores = (heads * att_src).sum(-1).index_select(0, index.Sources) + (heads * att_dst).sum(-1).index_select(0, index.Targets);
        if (edges is not null)
        {
            var ofEdges = EdgeScores(edges); // [E, H]
            scores += _options.AddSelfLoops ? AttentionLoops.WithMeans(ofEdges, graph) : ofEdges;
        }

        var shares = PairAggregate.Softmax(nn.functional.leaky_relu(scores, _options.NegativeSlope), attended); // [E', H]
        if (_options.Dropout > 0 && training) { shares = HashDropout.Apply(shares, _options.Dropout, training); }
        var sum = Aggregate.Sum(h, attended, shares); // [N, H·F']
        if (!_options.Concat) { sum = sum.view(-1, _options.Heads, _outChannels).mean([1]); }
        if (res is not null) { sum += res.call(x); }
        return (bias is null ? sum : sum + bias).MoveToOuterDisposeScope();
    }

    // a_e·(Θ_e e) = (Θ_eᵀ a_e)·e: no mapped edge features [E, H·F'] are needed.
    private Tensor EdgeScores(Tensor edges)
    {
        var folded = (lin_edge!.weight!.view(_options.Heads, _outChannels, -1) * att_edge!.view(_options.Heads, _outChannels, 1)).sum(dim: 1); // [H, K]
        return edges.matmul(folded.t());
    }
}
