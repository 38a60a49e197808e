using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using DeepGnn.Normalizations;
using DeepGnn.Runtime;
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

    /// <summary>What layers call: with or without something on the edges, chunk by chunk where the graph is to be evaluated so.</summary>
    /// <param name="x">[N, F].</param>
    /// <param name="graph">N nodes, E edges.</param>
    /// <param name="edges">As in forward, or null.</param>
    /// <exception cref="InvalidOperationException">Chunks in training mode: statistics of batches would be those of chunks.</exception>
    public Tensor Convolved(Tensor x, Graph graph, Tensor? edges = null)
    {
        if (graph.Chunks is not { } chunks || Hops > 1) { return edges is null ? call(x, graph) : forward(x, graph, edges); }
        CheckEvaluates();
        return chunks.Rows(chunk => Convolved(chunk.Pick(x), chunk.Graph, chunk.PickEdges(edges)));
    }

    /// <summary>conv(dropout(act(norm(x)))), what a res+ layer adds to x; operators that can do without a row of what is between do.</summary>
    /// <param name="x">[N, F].</param>
    /// <param name="graph">N nodes, E edges.</param>
    /// <param name="edges">As in forward, or null.</param>
    /// <param name="norm">Normalisation, or null.</param>
    /// <param name="act">Activation, or null.</param>
    /// <param name="mask">What dropout zeroes; null outside training.</param>
    internal virtual Tensor PreActivated(
        Tensor x, Graph graph, Tensor? edges, nn.Module<Tensor, Tensor>? norm, nn.Module<Tensor, Tensor>? act, DropoutMask? mask)
    {
        using var scope = NewDisposeScope();
        return Convolved(PreActivation.Of(norm, act, x, graph, mask), graph, edges).MoveToOuterDisposeScope();
    }

    /// <summary>The same for the first layer.</summary>
    /// <inheritdoc cref="Convolved(Tensor, Graph, Tensor?)"/>
    public Tensor Convolved(InputFeatures x, Graph graph, double dropout, Tensor? edges = null)
    {
        if (graph.Chunks is { } chunks && Hops == 1)
        {
            CheckEvaluates();
            return chunks.Rows(chunk =>
            {
                using var picked = x.Pick(chunk.Nodes);
                return Convolved(picked, chunk.Graph, 0, chunk.PickEdges(edges));
            });
        }

        if (edges is null) { return forward(x, graph, dropout); }
        using var dense = x.ToDense(dropout);
        return forward(dense, graph, edges);
    }

    /// <summary>How many edges away a node can be that a result depends on. A chunk has one hop.</summary>
    private protected virtual int Hops => 1;

    private void CheckEvaluates()
    {
        if (training) { throw new InvalidOperationException($"{GetName()}: found a graph in chunks in training mode, needed evaluation mode"); }
    }
}
