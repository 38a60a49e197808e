using DeepGnn.Graphs;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Normalizations;

/// <summary>
/// (x − mean)/√(variance + ε)[·γ + β] by channel over the nodes of a graph, the variance divided by N; batch statistics outside training too.
/// Source: Ulyanov et al., arXiv 1607.08022; PyG InstanceNorm without running statistics.
/// </summary>
public sealed class InstanceNorm : NodeNormalization
{
    private readonly Parameter? weight;
    private readonly Parameter? bias;
    private readonly double _epsilon;

    /// <summary>γ is 1, β is 0 at the start.</summary>
    public InstanceNorm(int channels, bool affine = false, double epsilon = 1e-5) : base(nameof(InstanceNorm))
    {
        _epsilon = epsilon;
        weight = affine ? nn.Parameter(ones(channels)) : null;
        bias = affine ? nn.Parameter(zeros(channels)) : null;
        RegisterComponents();
    }

    /// <inheritdoc/>
    protected override Tensor Normalize(Tensor x, GraphBatch? batch)
    {
        using var scope = NewDisposeScope();
        var apart = x - MeanOf(x, batch);
        var normal = apart / (MeanOf(apart * apart, batch) + _epsilon).sqrt();
        return (weight is null ? normal : (normal * weight) + bias!).MoveToOuterDisposeScope();
    }
}
