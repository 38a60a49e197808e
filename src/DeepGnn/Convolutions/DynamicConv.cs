using DeepGnn.Graphs;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>
/// A convolution on the dilated nearest-neighbour graph of its own input: neighbours in feature space, found anew in each pass.
/// Source: Li et al., "DeepGCNs", arXiv 1904.03751, sections 3.2 and 3.3; deep_gcns_torch DynConv2d.
/// </summary>
public sealed class DynamicConv : nn.Module<Tensor, GraphBatch?, Tensor>
{
    [ComponentName(Name = "gconv")] private readonly GraphConvolution _convolution;

    /// <summary>The convolution becomes a child of this module.</summary>
    public DynamicConv(GraphConvolution convolution, DilatedKnn neighbors) : base(nameof(DynamicConv))
    {
        (_convolution, Neighbors) = (convolution, neighbors);
        RegisterComponents();
    }

    /// <summary>How neighbours are chosen.</summary>
    public DilatedKnn Neighbors { get; }

    /// <summary>x [N, F] of one or several clouds gives [N, F'].</summary>
    public override Tensor forward(Tensor x, GraphBatch? clouds)
    {
        var graph = Neighbors.Build(x, clouds, training);
        var h = _convolution.call(x, graph);
        graph.ReleaseTensors(); // the graph is of this pass alone; what the backward pass needs, autograd holds itself
        return h;
    }

    /// <summary>The same on a given graph.</summary>
    public Tensor forward(Tensor x, Graph graph) => _convolution.call(x, graph);
}
