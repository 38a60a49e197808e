using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Normalizations;

/// <summary>x/√(nodes of the graph). Source: Dwivedi et al., "Benchmarking Graph Neural Networks", arXiv 2003.00982; PyG GraphSizeNorm.</summary>
public sealed class GraphSizeNorm : NodeNormalization
{
    /// <summary>No parameters.</summary>
    public GraphSizeNorm() : base(nameof(GraphSizeNorm)) { }

    /// <inheritdoc/>
    protected override Tensor Normalize(Tensor x, GraphBatch? batch)
    {
        using var scope = NewDisposeScope();
        return (batch is null ? x * Math.Pow(x.shape[0], -0.5) : x * batch.Spread(batch.Sizes(x).pow(-0.5))).MoveToOuterDisposeScope();
    }
}
