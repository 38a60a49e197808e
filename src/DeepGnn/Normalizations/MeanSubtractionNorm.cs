using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Normalizations;

/// <summary>x − mean over the nodes of a graph. Source: Yang et al., "Revisiting Over-smoothing in Deep GCNs", arXiv 2003.13663; PyG MeanSubtractionNorm.</summary>
public sealed class MeanSubtractionNorm : NodeNormalization
{
    /// <summary>No parameters.</summary>
    public MeanSubtractionNorm() : base(nameof(MeanSubtractionNorm)) { }

    /// <inheritdoc/>
    protected override Tensor Normalize(Tensor x, GraphBatch? batch)
    {
        using var scope = NewDisposeScope();
        return (x - MeanOf(x, batch)).MoveToOuterDisposeScope();
    }
}
