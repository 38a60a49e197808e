using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using DeepGnn.Runtime;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>
/// Personalised PageRank: X^(0) = X, X^(k) = (1 − α) D^−½(A + I)D^−½ X^(k−1) + αX for k = 1 … K; no parameters.
/// Source: Gasteiger et al., "Predict then Propagate", arXiv 1810.05997, equation 4; PyG APPNP.
/// </summary>
public sealed class Appnp : GraphConvolution
{
    private readonly int _steps;
    private readonly double _alpha;
    private readonly double _dropout;
    private readonly bool _normalize;
    private readonly bool _addSelfLoops;

    /// <summary>A propagation.</summary>
    /// <param name="steps">K ≥ 1.</param>
    /// <param name="alpha">Probability of going back to the start, in [0, 1].</param>
    /// <param name="dropout">Probability of an edge being dropped in a step while training.</param>
    /// <param name="normalize">Whether edge weights are normalised; otherwise they are used as given, or 1, without self-loops.</param>
    /// <param name="addSelfLoops">Whether a self-loop is added where there is none (with <paramref name="normalize"/>).</param>
    public Appnp(int steps, double alpha, double dropout = 0, bool normalize = true, bool addSelfLoops = true) : base(nameof(Appnp))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        (_steps, _alpha, _dropout, _normalize, _addSelfLoops) = (steps, alpha, dropout, normalize, addSelfLoops);
    }

    private protected override int Hops => _steps;

    /// <summary>Unweighted: x is [N, F], so is the result.</summary>
    public override Tensor forward(Tensor x, Graph graph)
    {
        using var scope = NewDisposeScope();
        if (!_normalize) { return Propagate(x, graph, null).MoveToOuterDisposeScope(); }
        var normal = SymmetricNormalization.Of(graph, _addSelfLoops, x.dtype, x.device);
        return Propagate(x, normal.Graph, normal.Weights).MoveToOuterDisposeScope();
    }

    /// <summary>Weighted: edges w is [E] and may require a gradient.</summary>
    public override Tensor forward(Tensor x, Graph graph, Tensor edges)
    {
        using var scope = NewDisposeScope();
        if (!_normalize) { return Propagate(x, graph, edges).MoveToOuterDisposeScope(); }
        var normal = SymmetricNormalization.Of(graph, edges, _addSelfLoops, loopWeight: 1);
        return Propagate(x, normal.Graph, normal.Weights).MoveToOuterDisposeScope();
    }

    private Tensor Propagate(Tensor x, Graph graph, Tensor? weights)
    {
        var h = x;
        for (var step = 0; step < _steps; step++)
        {
            var kept = _dropout > 0 && training
                ? HashDropout.Apply(weights ?? ones(graph.EdgeCount, x.dtype, x.device), _dropout, training)
                : weights;
            h = (Aggregate.Sum(h, graph, kept) * (1 - _alpha)) + (x * _alpha);
        }

        return h;
    }
}
