using Contracts;
using DeepGnn.Aggregation;
using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using DeepGnn.Normalizations;
using static TorchSharp.torch;

namespace DeepGnn.Backbones;

/// <summary>
/// One layer of a deep GCN around a convolution. With h = act(norm(conv(x))): plain gives h, res x + h, dense [x, h]; res+ gives
/// x + conv(dropout(act(norm(x)))). The first three apply dropout to their result.
/// Source: Li et al., "DeepGCNs: Can GCNs Go as Deep as CNNs?", arXiv 1904.03751, and arXiv 2006.07739, section 4; PyG DeepGCNLayer.
/// </summary>
public sealed class DeepGcnLayer : nn.Module<Tensor, Graph, Tensor>
{
    private readonly GraphConvolution conv;
    private readonly nn.Module<Tensor, Tensor>? norm;
    private readonly nn.Module<Tensor, Tensor>? act;
    private readonly Backbone _block;
    private readonly double _dropout;

    /// <summary>A layer; the modules become its children.</summary>
    /// <param name="conv">Any convolution; equal widths in and out for res and res+.</param>
    /// <param name="norm">Normalisation of the convolution's input (res+) or output, or null.</param>
    /// <param name="act">Activation, or null.</param>
    /// <param name="block">Kind of layer.</param>
    /// <param name="dropout">Probability in [0, 1) of a value being dropped while training.</param>
    public DeepGcnLayer(
        GraphConvolution conv,
        nn.Module<Tensor, Tensor>? norm,
        nn.Module<Tensor, Tensor>? act,
        Backbone block = Backbone.ResPlus,
        double dropout = 0)
        : base(nameof(DeepGcnLayer))
    {
        if (dropout is not (>= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(dropout), dropout, "needed a probability from 0 to below 1");
        }

        (this.conv, this.norm, this.act, _block, _dropout) = (conv, norm, act, block, dropout);
        RegisterComponents();
    }

    /// <summary>x is [N, D]; the result is [N, D'], or [N, D + D'] for a dense layer.</summary>
    public override Tensor forward(Tensor x, Graph graph) => Layer(x, graph, h => conv.call(h, graph));

    /// <summary>The same with the edge weights or features of the convolution.</summary>
    public Tensor forward(Tensor x, Graph graph, Tensor edges) => Layer(x, graph, h => conv.forward(h, graph, edges));

    /// <summary>A plain layer as the first of a stack: x is [N, F] as it was read, <paramref name="inputDropout"/> is drawn on it.</summary>
    /// <exception cref="InvalidOperationException">The layer has a skip connection: its input must be hidden channels.</exception>
    public Tensor forward(InputFeatures x, Graph graph, double inputDropout)
    {
        if (_block != Backbone.Plain) { throw new InvalidOperationException($"found a {_block} layer on input features, needed a plain one"); }
        using var scope = NewDisposeScope();
        return Dropped(Activated(conv.forward(x, graph, inputDropout), graph)).MoveToOuterDisposeScope();
    }

    private Tensor Layer(Tensor x, Graph graph, Func<Tensor, Tensor> convolve)
    {
        using var scope = NewDisposeScope();
        if (_block == Backbone.ResPlus)
        {
            return (x + convolve(Dropped(Activated(x, graph)))).MoveToOuterDisposeScope();
        }

        var h = Activated(convolve(x), graph);
        var joined = _block switch
        {
            Backbone.Res => x + h,
            Backbone.Dense => cat([x, h], dim: -1),
            _ => h,
        };
        return Dropped(joined).MoveToOuterDisposeScope();
    }

    private Tensor Activated(Tensor x, Graph graph)
    {
        var h = NodeNormalization.Of(norm, x, graph);
        return act is null ? h : act.call(h);
    }

    private Tensor Dropped(Tensor x) => _dropout > 0 && training ? nn.functional.dropout(x, _dropout) : x;
}
