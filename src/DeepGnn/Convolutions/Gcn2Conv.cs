using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using DeepGnn.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>
/// GCNII: with P = D^−½(A + I)D^−½ and S = (1 − α)PX + αX_0, X' = (1 − β)S + βSΘ; with separate weights Θ_1 maps the first term of S and Θ_2
/// the second. β = ln(θ/l + 1) in layer l: deeper layers stay closer to the identity.
/// Source: Chen et al., "Simple and Deep Graph Convolutional Networks", arXiv 2007.02133, equation 5; PyG GCN2Conv.
/// </summary>
public sealed class Gcn2Conv : nn.Module<Tensor, Tensor, Graph, Tensor>
{
    private readonly Parameter weight1;
    private readonly Parameter? weight2;
    private readonly double _alpha;
    private readonly double _beta;
    private readonly bool _normalize;
    private readonly bool _addSelfLoops;

    /// <summary>Weights are drawn uniformly within ±√(6/(2D)).</summary>
    /// <param name="channels">D.</param>
    /// <param name="alpha">Share of the initial features, in [0, 1].</param>
    /// <param name="theta">θ; β is 1 without θ or layer.</param>
    /// <param name="layer">l, from 1.</param>
    /// <param name="sharedWeights">One Θ for both terms.</param>
    /// <param name="normalize">Whether edge weights are normalised; otherwise they are used as given, or 1, without self-loops.</param>
    /// <param name="addSelfLoops">Whether a self-loop is added where there is none (with <paramref name="normalize"/>).</param>
    public Gcn2Conv(
        int channels,
        double alpha,
        double? theta = null,
        int? layer = null,
        bool sharedWeights = true,
        bool normalize = true,
        bool addSelfLoops = true)
        : base(nameof(Gcn2Conv))
    {
        (_alpha, _normalize, _addSelfLoops) = (alpha, normalize, addSelfLoops);
        _beta = theta is { } t && layer is { } l ? Math.Log((t / l) + 1) : 1;
        weight1 = nn.Parameter(empty(channels, channels));
        nn.init.xavier_uniform_(weight1);
        if (!sharedWeights)
        {
            weight2 = nn.Parameter(empty(channels, channels));
            nn.init.xavier_uniform_(weight2);
        }

        RegisterComponents();
    }

    /// <summary>x and initial X_0 are [N, D], so is the result.</summary>
    public override Tensor forward(Tensor x, Tensor initial, Graph graph) => Convolve([this], x, initial, graph);

    /// <summary>The same with edge weights [E].</summary>
    public Tensor forward(Tensor x, Tensor initial, Graph graph, Tensor edgeWeights) => Convolve([this], x, initial, graph, edgeWeights);

    /// <summary>x ← relu(conv(dropout(x), X_0)) for one layer after the other, which differ in their matrices and in β alone.</summary>
    /// <param name="layers">At least one.</param>
    /// <param name="x">[N, D], as is the result.</param>
    /// <param name="initial">X_0.</param>
    /// <param name="graph">N nodes.</param>
    /// <param name="dropout">Probability of a zero, 0 outside training.</param>
    internal static Tensor Rectified(Gcn2Conv[] layers, Tensor x, Tensor initial, Graph graph, double dropout) =>
        Convolve(layers, x, initial, graph, dropout: dropout, rectified: true);

    private static Tensor Convolve(
        Gcn2Conv[] layers, Tensor x, Tensor initial, Graph graph, Tensor? edgeWeights = null, double dropout = 0, bool rectified = false)
    {
        using var scope = NewDisposeScope();
        var (normal, weights) = layers[0].Normal(graph, edgeWeights, x);
        Tensor[] maps = [.. layers.Select(layer => layer.weight1)];
        var recorded = is_grad_enabled();
        var call = new Gcn2Call(
            normal,
            weights,
            layers[0]._alpha,
            [.. layers.Select(layer => layer._beta)],
            dropout > 0 ? HashDropout.Draw(dropout, layers.Length) : null,
            rectified,
            (recorded && x.requires_grad, recorded && initial.requires_grad, recorded && maps.Any(map => map.requires_grad)));
        if (layers[0].weight2 is null && Gcn2Function.Fits(x, initial, maps, call))
        {
            return Gcn2Function.Of(x.contiguous(), initial.contiguous(), maps, call).MoveToOuterDisposeScope();
        }

        var h = x;
        for (var l = 0; l < layers.Length; l++)
        {
            using var inner = NewDisposeScope();
            var before = h;
            h = layers[l].ByOperators(call.Dropout is null ? h : HashDropout.Apply(h, call.Dropout[l]), initial, call).MoveToOuterDisposeScope();
            if (l > 0) { before.Dispose(); }
        }

        return h.MoveToOuterDisposeScope();
    }

    private Tensor ByOperators(Tensor x, Tensor initial, Gcn2Call call)
    {
        var spread = Aggregate.Sum(x, call.Graph, call.Weights);
        var y = weight2 is null
            ? spread.lerp(initial, _alpha).matmul(Map(weight1))
            : (spread * (1 - _alpha)).matmul(Map(weight1)) + (initial * _alpha).matmul(Map(weight2));
        return call.Rectified ? y.relu() : y;
    }

    // (1 − β)S + βSΘ = S((1 − β)I + βΘ): the sum is taken of D×D matrices instead of N×D ones.
    private Tensor Map(Tensor weight)
    {
        using var identity = eye(weight.shape[0], dtype: weight.dtype, device: weight.device);
        return identity.lerp(weight, _beta);
    }

    private (Graph Graph, Tensor? Weights) Normal(Graph graph, Tensor? edgeWeights, Tensor x)
    {
        if (!_normalize) { return (graph, edgeWeights); }
        var (normal, weights) = edgeWeights is null
            ? SymmetricNormalization.Of(graph, _addSelfLoops, x.dtype, x.device)
            : SymmetricNormalization.Of(graph, edgeWeights, _addSelfLoops, loopWeight: 1);
        return (normal, weights);
    }
}
