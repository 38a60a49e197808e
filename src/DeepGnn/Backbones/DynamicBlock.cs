using Contracts;
using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace DeepGnn.Backbones;

/// <summary>
/// A block of a point-cloud backbone around a dynamic convolution f: plain f(x), res x + f(x), dense [x, f(x)].
/// Source: Li et al., "DeepGCNs", arXiv 1904.03751; deep_gcns_torch PlainDynBlock2d, ResDynBlock2d, DenseDynBlock2d.
/// </summary>
public sealed class DynamicBlock : nn.Module<Tensor, GraphBatch?, Tensor>
{
    [ComponentName(Name = "body")] private readonly DynamicConv _body;
    private readonly Backbone _block;

    /// <summary>The convolution becomes a child of this module.</summary>
    /// <exception cref="NotSupportedException">A kind of block that is none of plain, res, dense.</exception>
    public DynamicBlock(DynamicConv body, Backbone block) : base(nameof(DynamicBlock))
    {
        if (block is not (Backbone.Plain or Backbone.Res or Backbone.Dense))
        {
            throw new NotSupportedException($"block: found {block}, needed Plain, Res or Dense");
        }

        (_body, _block) = (body, block);
        RegisterComponents();
    }

    /// <summary>How neighbours are chosen.</summary>
    public DilatedKnn Neighbors => _body.Neighbors;

    /// <summary>x [N, F] gives [N, F'], or [N, F + F'] in a dense block; neighbours in feature space.</summary>
    public override Tensor forward(Tensor x, GraphBatch? clouds) => Joined(x, () => _body.call(x, clouds));

    /// <summary>The same on a given graph.</summary>
    public Tensor forward(Tensor x, Graph graph) => Joined(x, () => _body.forward(x, graph));

    private Tensor Joined(Tensor x, Func<Tensor> body)
    {
        using var scope = NewDisposeScope();
        var h = body();
        var joined = _block switch
        {
            Backbone.Res => x + h,
            Backbone.Dense => cat([x, h], dim: 1),
            _ => h,
        };
        return joined.MoveToOuterDisposeScope();
    }
}
