using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>
/// Max-relative convolution: x'_i = h([x_i, max_{j→i}(x_j − x_i)]), h one layer; the maximum of no neighbours is 0. Since x_i is the same for
/// all j, the maximum is taken of x_j. Source: Li et al., "DeepGCNs", arXiv 1910.06849, section 4.2; deep_gcns_torch MRConv and MRConv2d.
/// </summary>
public sealed class MrConv : GraphConvolution
{
    [ComponentName(Name = "nn")] private readonly Sequential _layer;
    private readonly bool _interleaved;

    /// <summary>A convolution.</summary>
    /// <param name="inChannels">F.</param>
    /// <param name="outChannels">F'.</param>
    /// <param name="options">The layer h; by default linear → ReLU.</param>
    /// <param name="interleaved">Whether x and the maximum alternate channel by channel (ViG) instead of one following the other.</param>
    public MrConv(int inChannels, int outChannels, LayerOptions? options = null, bool interleaved = false) : base(nameof(MrConv))
    {
        _interleaved = interleaved;
        _layer = Layered.Layer(2 * inChannels, outChannels, options ?? new LayerOptions());
        RegisterComponents();
    }

    /// <summary>x is [N, F], the result [N, F'].</summary>
    public override Tensor forward(Tensor x, Graph graph)
    {
        using var scope = NewDisposeScope();
        var relative = (Aggregate.Max(x, graph) - x) * graph.HasIncoming(x); // [N, F]
        var both = _interleaved ? stack([x, relative], dim: 2).view(x.shape[0], -1) : cat([x, relative], dim: 1); // [N, 2F]
        return _layer.call(both).MoveToOuterDisposeScope();
    }
}
