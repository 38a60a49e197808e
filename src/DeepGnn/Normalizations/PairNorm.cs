using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Normalizations;

/// <summary>
/// With c = x − mean: s·c/√(ε + mean_i‖c_i‖²), or s·c_i/(ε + ‖c_i‖) node by node. Keeps the total distance of nodes, and so from
/// over-smoothing. Source: Zhao and Akoglu, "PairNorm", arXiv 1909.12223, equations 10 and 11; PyG PairNorm.
/// </summary>
public sealed class PairNorm : NodeNormalization
{
    private readonly double _scale;
    private readonly bool _individually;
    private readonly double _epsilon;

    /// <summary>s is <paramref name="scale"/>.</summary>
    public PairNorm(double scale = 1, bool scaleIndividually = false, double epsilon = 1e-5) : base(nameof(PairNorm)) =>
        (_scale, _individually, _epsilon) = (scale, scaleIndividually, epsilon);

    /// <inheritdoc/>
    protected override Tensor Normalize(Tensor x, GraphBatch? batch)
    {
        using var scope = NewDisposeScope();
        var apart = x - MeanOf(x, batch);
        var normal = _individually
            ? apart / (apart.norm(-1, keepdim: true, p: 2) + _epsilon)
            : apart / (MeanOf((apart * apart).sum(-1, keepdim: true), batch) + _epsilon).sqrt();
        return (normal * _scale).MoveToOuterDisposeScope();
    }
}
