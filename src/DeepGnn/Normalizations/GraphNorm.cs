using DeepGnn.Graphs;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Normalizations;

/// <summary>
/// With o = x − α⊙mean: γ⊙o/√(mean(o²) + ε) + β, by channel over the nodes of a graph.
/// Source: Cai et al., "GraphNorm", arXiv 2009.03294, equation 6; PyG GraphNorm.
/// </summary>
public sealed class GraphNorm : NodeNormalization
{
    private readonly Parameter weight;
    private readonly Parameter bias;
    private readonly Parameter mean_scale;
    private readonly double _epsilon;

    /// <summary>γ and α are 1, β is 0 at the start.</summary>
    public GraphNorm(int channels, double epsilon = 1e-5) : base(nameof(GraphNorm))
    {
        _epsilon = epsilon;
        weight = nn.Parameter(ones(channels));
        bias = nn.Parameter(zeros(channels));
        mean_scale = nn.Parameter(ones(channels));
        RegisterComponents();
    }

    /// <inheritdoc/>
    protected override Tensor Normalize(Tensor x, GraphBatch? batch)
    {
        using var scope = NewDisposeScope();
        var apart = x - (MeanOf(x, batch) * mean_scale);
        var deviation = (MeanOf(apart * apart, batch) + _epsilon).sqrt();
        return ((weight * apart / deviation) + bias).MoveToOuterDisposeScope();
    }
}
