using Contracts;
using DeepGnn.Aggregation;
using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using DeepGnn.Normalizations;
using DeepGnn.Runtime;
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
    public override Tensor forward(Tensor x, Graph graph) => forward(x, graph, null);

    /// <summary>The same with the edge weights or features of the convolution, or null.</summary>
    public Tensor forward(Tensor x, Graph graph, Tensor? edges)
    {
        using var scope = NewDisposeScope();
        if (_block == Backbone.ResPlus)
        {
            return (x + conv.PreActivated(x, graph, edges, norm, act, training && _dropout > 0 ? HashDropout.Draw(_dropout) : null)).MoveToOuterDisposeScope();
        }

        var convolved = conv.Convolved(x, graph, edges);
        var h = Activated(convolved, graph);
        Release(convolved, unless: h);
        var joined = _block switch
        {
            Backbone.Res => x + h,
            Backbone.Dense => cat([x, h], dim: -1),
            _ => h,
        };
        return Dropped(joined).MoveToOuterDisposeScope();
    }

    /// <summary>A plain layer as the first of a stack: x is [N, F] as it was read, <paramref name="inputDropout"/> is drawn on it.</summary>
    /// <exception cref="InvalidOperationException">The layer has a skip connection: its input must be hidden channels.</exception>
    public Tensor forward(InputFeatures x, Graph graph, Tensor? edges, double inputDropout)
    {
        if (_block != Backbone.Plain) { throw new InvalidOperationException($"found a {_block} layer on input features, needed a plain one"); }
        using var scope = NewDisposeScope();
        return Dropped(Activated(conv.Convolved(x, graph, inputDropout, edges), graph)).MoveToOuterDisposeScope();
    }

    private Tensor Activated(Tensor x, Graph graph) => PreActivation.Of(norm, act, x, graph);

    // What nothing waits for is let go at once, so that an evaluation holds little more than the layer's input and output.
    private static void Release(Tensor tensor, Tensor unless)
    {
        if (!ReferenceEquals(tensor, unless)) { tensor.Dispose(); }
    }

    private Tensor Dropped(Tensor x) => _dropout > 0 && training ? HashDropout.Apply(x, _dropout, training) : x;
}
