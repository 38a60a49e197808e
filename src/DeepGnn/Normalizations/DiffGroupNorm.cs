using DeepGnn.Graphs;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Normalizations;

/// <summary>
/// x + λ Σ_g BN(s_g ⊙ x), s = softmax(xU) the node's share in each of G groups.
/// Source: Zhou et al., "Towards Deeper Graph Neural Networks with Differentiable Group Normalization", arXiv 2006.06972, equation 3; PyG
/// DiffGroupNorm.
/// </summary>
public sealed class DiffGroupNorm : NodeNormalization
{
    private readonly Linear lin;
    private readonly BatchNorm1d norm;
    private readonly int _groups;
    private readonly double _lambda;

    /// <summary>λ is <paramref name="lambda"/>, small enough to keep the input's scale.</summary>
    public DiffGroupNorm(int channels, int groups, double lambda = 0.01, double epsilon = 1e-5, double momentum = 0.1) : base(nameof(DiffGroupNorm))
    {
        (_groups, _lambda) = (groups, lambda);
        lin = nn.Linear(channels, groups, hasBias: false);
        norm = nn.BatchNorm1d(groups * channels, epsilon, momentum);
        RegisterComponents();
    }

    /// <inheritdoc/>
    protected override Tensor Normalize(Tensor x, GraphBatch? batch)
    {
        using var scope = NewDisposeScope();
        var shares = lin.call(x).softmax(-1); // [N, G]
        var grouped = (shares.unsqueeze(-1) * x.unsqueeze(1)).view(x.shape[0], -1); // [N, G·D]
        var summed = norm.call(grouped).view(x.shape[0], _groups, -1).sum(dim: 1); // [N, D]
        return (x + (summed * _lambda)).MoveToOuterDisposeScope();
    }
}
