using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>A graph convolution: node features [N, F] and a graph give node features [N, F'].</summary>
public abstract class GraphConvolution : nn.Module<Tensor, Graph, Tensor>
{
    /// <summary>Names the module as checkpoints do.</summary>
    protected GraphConvolution(string name) : base(name) { }
}
