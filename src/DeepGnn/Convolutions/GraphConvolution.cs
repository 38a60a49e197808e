using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>A graph convolution: node features [N, F] and a graph give node features [N, F'].</summary>
public abstract class GraphConvolution : nn.Module<Tensor, Graph, Tensor>
{
    /// <summary>Names the module as checkpoints do.</summary>
    protected GraphConvolution(string name) : base(name) { }

    /// <summary>The same with one row or number per edge, in the order of the graph's edge list.</summary>
    /// <param name="x">[N, F].</param>
    /// <param name="graph">N nodes, E edges.</param>
    /// <param name="edges">Edge weights [E] or edge features [E, F_e], whichever the operator takes.</param>
    /// <exception cref="NotSupportedException">The operator takes nothing on edges.</exception>
    public virtual Tensor forward(Tensor x, Graph graph, Tensor edges) =>
        throw new NotSupportedException($"{GetName()} takes neither edge weights nor edge features");

    /// <summary>The first layer's form: x comes as it was read, and dropout is drawn on it.</summary>
    /// <param name="x">[N, F].</param>
    /// <param name="graph">N nodes, E edges.</param>
    /// <param name="dropout">Probability with which an entry of x is zeroed; 0 outside training.</param>
    public virtual Tensor forward(InputFeatures x, Graph graph, double dropout)
    {
        using var dense = x.ToDense(dropout);
        return forward(dense, graph);
    }
}
