using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using DeepGnn.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>
/// x'_i = ‖_h Σ_{j→i} α_ijh Θ_l x_j + b, α the softmax over j of a·leakyrelu(Θ_l x_j + Θ_r x_i + Θ_e e_ji).
/// Source: Brody et al., "How Attentive are Graph Attention Networks?", arXiv 2105.14491, equation 7; PyG GATv2Conv.
/// </summary>
public sealed class Gatv2Conv : GraphConvolution
{
    private readonly Linear lin_l;
    private readonly Linear? lin_r;
    private readonly Linear? lin_edge;
    private readonly Parameter att;
    private readonly Linear? res;
    private readonly Parameter? bias;
    private readonly AttentionOptions _options;
    private readonly int _outChannels;

    /// <summary>Weights are drawn uniformly within ±√(6/(in + out)), biases are 0.</summary>
    /// <param name="inChannels">F.</param>
    /// <param name="outChannels">F' of one head.</param>
    /// <param name="options">PyG's defaults if null.</param>
    public Gatv2Conv(int inChannels, int outChannels, AttentionOptions? options = null) : base(nameof(Gatv2Conv))
    {
        var o = _options = options ?? new AttentionOptions();
        _outChannels = outChannels;
        var all = o.Heads * outChannels;
        lin_l = Drawn(nn.Linear(inChannels, all, o.Bias));
        lin_r = o.ShareWeights ? null : Drawn(nn.Linear(inChannels, all, o.Bias));
        lin_edge = o.EdgeChannels is { } edgeChannels ? Drawn(nn.Linear(edgeChannels, all, hasBias: false)) : null;
        att = nn.Parameter(empty(1, o.Heads, outChannels));
        nn.init.xavier_uniform_(att);
        var width = o.Concat ? all : outChannels;
        res = o.Residual ? Drawn(nn.Linear(inChannels, width, hasBias: false)) : null;
        bias = o.Bias ? nn.Parameter(zeros(width)) : null;
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
        if (edges is not null && _options.AddSelfLoops) { edges = AttentionLoops.WithMeans(edges, graph); }
        var source = lin_l.call(x); // [N, H·F']
        var target = lin_r is null ? source : lin_r.call(x);
        var scores = PairAggregate.Scores(
            source, target, EdgeFeatures.Mapped(edges, lin_edge), att.view(_options.Heads, _outChannels), _options.NegativeSlope, attended); // [E', H]
        var shares = PairAggregate.Softmax(scores, attended);
        if (_options.Dropout > 0 && training) { shares = HashDropout.Apply(shares, _options.Dropout, training); }
        var sum = Aggregate.Sum(source, attended, shares); // [N, H·F']
        if (!_options.Concat) { sum = sum.view(-1, _options.Heads, _outChannels).mean([1]); }
        if (res is not null) { sum += res.call(x); }
        return (bias is null ? sum : sum + bias).MoveToOuterDisposeScope();
    }

    private static Linear Drawn(Linear linear)
    {
        nn.init.xavier_uniform_(linear.weight);
        if (linear.bias is not null) { nn.init.zeros_(linear.bias); }
        return linear;
    }
}
