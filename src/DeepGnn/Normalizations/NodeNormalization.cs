using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Normalizations;

/// <summary>A normalisation of node features [N, D], over one graph or over each graph of a batch.</summary>
public abstract class NodeNormalization : nn.Module<Tensor, Tensor>
{
    /// <summary>Names the module as checkpoints do.</summary>
    protected NodeNormalization(string name) : base(name) { }

    /// <summary>All nodes belong to one graph.</summary>
    public override Tensor forward(Tensor x) => Normalize(x, null);

    /// <summary>Each graph of the batch by itself, where the normalisation looks at graphs.</summary>
    public Tensor forward(Tensor x, GraphBatch batch) => Normalize(x, batch);

    /// <summary>x is [N, D], so is the result; no batch means one graph.</summary>
    protected abstract Tensor Normalize(Tensor x, GraphBatch? batch);

    /// <summary>Any normalisation of [N, D], each graph of a union by itself where it looks at graphs; none gives x.</summary>
    internal static Tensor Of(nn.Module<Tensor, Tensor>? norm, Tensor x, Graph graph) => norm switch
    {
        null => x,
        NodeNormalization each when graph.Batch is { } batch => each.forward(x, batch),
        _ => norm.call(x),
    };

    /// <summary>Mean row of each node's graph, [N, D], or of all nodes, [1, D].</summary>
    internal static Tensor MeanOf(Tensor x, GraphBatch? batch) =>
        batch is null ? x.mean([0], keepdim: true) : batch.Spread(batch.Mean(x));
}
