using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>
/// x'_i = max_{j→i} h([x_i, x_j − x_i]) with one layer h: W[x_i, x_j − x_i] + b with activation and normalisation; 0 without neighbours.
/// <para>No row per edge is ever made: with W = [A, B] the product is (A − B)x_i + b + Bx_j, two products on N rows. Batch statistics over
/// the edges take passes over these rows. What follows is monotone in each channel (falling where the norm's scale is negative), so the
/// maximum is taken of ±Bx_j first. Exact.</para>
/// <para>Source: Wang et al., "Dynamic Graph CNN for Learning on Point Clouds", arXiv 1801.07829, equation 8; deep_gcns_torch EdgConv and
/// EdgeConv2d. For a perceptron of several layers see <see cref="PerceptronEdgeConv"/>.</para>
/// </summary>
public sealed class EdgeConv : GraphConvolution
{
    [ComponentName(Name = "nn")] private readonly Sequential _layer;
    private readonly LayerOptions _options;

    /// <summary>Weights are drawn from He's normal distribution, the bias is 0.</summary>
    /// <param name="inChannels">F.</param>
    /// <param name="outChannels">F'.</param>
    /// <param name="options">The layer h; by default linear → ReLU.</param>
    /// <exception cref="NotSupportedException">An activation that is not monotone, a layer norm or groups: those need
    /// <see cref="PerceptronEdgeConv"/>.</exception>
    public EdgeConv(int inChannels, int outChannels, LayerOptions? options = null) : base(nameof(EdgeConv))
    {
        _options = options ?? new LayerOptions();
        if (_options.Slope is null || _options.Norm == HiddenNorm.Layer || _options.Groups > 1)
        {
            throw new NotSupportedException(
                $"edge convolution: found {_options.Activation}, norm {_options.Norm}, {_options.Groups} groups; needed a monotone activation, no layer norm, 1 group");
        }

        _layer = Layered.Layer(2 * inChannels, outChannels, _options);
        RegisterComponents();
    }

    /// <summary>x is [N, F], the result [N, F'].</summary>
    public override Tensor forward(Tensor x, Graph graph)
    {
        var linear = (Linear)_layer[0];
        if (Kernels.AreSimd(x) && linear.weight!.dtype == x.dtype) { return EdgeConvFunction.Of(x, linear, Call(x, graph)); }

        using var scope = NewDisposeScope();
        var channels = x.shape[1];
        var (own, other) = (linear.weight!.narrow(1, 0, channels), linear.weight!.narrow(1, channels, channels)); // [F', F] each
        var source = x.matmul(other.t()); // [N, F']
        var target = x.matmul((own - other).t());
        if (linear.bias is not null) { target += linear.bias; }
        return (Reduced(source, target, graph) * graph.HasIncoming(x)).MoveToOuterDisposeScope();
    }

    private EdgeConvCall Call(Tensor x, Graph graph)
    {
        var (slope, normed) = (_options.Slope!.Value, _options.Norm != HiddenNorm.None);
        var after = normed && _options.NormFirst;
        return new(graph, normed ? Norm : null, training && normed, after ? 1 : slope, after ? slope : 1, x.requires_grad);
    }

    private BatchNorm1d Norm => (BatchNorm1d)_layer[_options.NormFirst || _options.Activation == Activation.None ? 1 : 2];

    private Tensor Reduced(Tensor source, Tensor target, Graph graph)
    {
        if (_options.Norm == HiddenNorm.None) { return Activated(target + Aggregate.Max(source, graph)); }

        var norm = Norm;
        var sign = where(norm.weight!.detach().lt(0), -ones_like(norm.weight), ones_like(norm.weight)); // [F']
        var winner = target + (Aggregate.Max(source * sign, graph) * sign);
        var slope = _options.NormFirst ? 1 : _options.Slope!.Value;
        if (!_options.NormFirst) { winner = Activated(winner); }
        var normalized = training
            ? EdgeBatchNorm.Trained(norm, winner, PairAggregate.Moments(source, target, slope, graph), graph.EdgeCount)
            : EdgeBatchNorm.Running(norm, winner);
        return _options.NormFirst ? Activated(normalized) : normalized;
    }

    private Tensor Activated(Tensor z) => _options.Activation switch
    {
        Activation.Relu => z.relu(),
        Activation.LeakyRelu => nn.functional.leaky_relu(z, 0.2),
        _ => z,
    };
}
