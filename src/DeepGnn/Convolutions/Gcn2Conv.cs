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
    public override Tensor forward(Tensor x, Tensor initial, Graph graph) => Convolve(x, initial, graph, null, null, rectified: false);

    /// <summary>The same with edge weights [E].</summary>
    public Tensor forward(Tensor x, Tensor initial, Graph graph, Tensor edgeWeights) =>
        Convolve(x, initial, graph, edgeWeights, null, rectified: false);

    /// <summary>relu(conv(dropout(x), X_0)), the whole of a layer without normalisation.</summary>
    internal Tensor Rectified(Tensor x, Tensor initial, Graph graph, DropoutMask? dropout) =>
        Convolve(x, initial, graph, null, dropout, rectified: true);

    private Tensor Convolve(Tensor x, Tensor initial, Graph graph, Tensor? edgeWeights, DropoutMask? dropout, bool rectified)
    {
        using var scope = NewDisposeScope();
        var (normal, weights) = !_normalize ? (graph, edgeWeights)
            : edgeWeights is null ? Parts(SymmetricNormalization.Of(graph, _addSelfLoops, x.dtype, x.device))
            : Parts(SymmetricNormalization.Of(graph, edgeWeights, _addSelfLoops, loopWeight: 1));
        if (weight2 is null && Gcn2Function.Fits(x, initial, weight1, weights, dropout))
        {
            var call = new Gcn2Call(normal, weights, _alpha, _beta, dropout, rectified, NeededBy(x, initial));
            return Gcn2Function.Of(x.contiguous(), initial.contiguous(), weight1, call).MoveToOuterDisposeScope();
        }

        var spread = Aggregate.Sum(dropout is null ? x : HashDropout.Apply(x, dropout), normal, weights);
        var y = weight2 is null
            ? spread.lerp(initial, _alpha).matmul(Map(weight1))
            : (spread * (1 - _alpha)).matmul(Map(weight1)) + (initial * _alpha).matmul(Map(weight2));
        return (rectified ? y.relu() : y).MoveToOuterDisposeScope();
    }

    private (bool X, bool Initial, bool Weight) NeededBy(Tensor x, Tensor initial) => is_grad_enabled()
        ? (x.requires_grad, initial.requires_grad, weight1.requires_grad)
        : default;

    // (1 − β)S + βSΘ = S((1 − β)I + βΘ): the sum is taken of D×D matrices instead of N×D ones.
    private Tensor Map(Tensor weight)
    {
        using var identity = eye(weight.shape[0], dtype: weight.dtype, device: weight.device);
        return identity.lerp(weight, _beta);
    }

    private static (Graph Graph, Tensor? Weights) Parts(SymmetricNormalization normalization) => (normalization.Graph, normalization.Weights);
}
