using DeepGnn.Graphs;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Normalizations;

/// <summary>What a layer normalisation looks at.</summary>
public enum LayerNormMode
{
    /// <summary>All nodes and channels of a graph (PyG's default).</summary>
    Graph,

    /// <summary>The channels of one node.</summary>
    Node,
}

/// <summary>
/// (x − mean)/deviation·γ + β over all values of a graph or the channels of a node. As in PyG, without a batch the graph's deviation is
/// std + ε, with one √(variance + ε). Source: Ba et al., arXiv 1607.06450; PyG LayerNorm.
/// </summary>
public sealed class LayerNorm : NodeNormalization
{
    private readonly Parameter weight;
    private readonly Parameter bias;
    private readonly double _epsilon;
    private readonly LayerNormMode _mode;

    /// <summary>γ is 1, β is 0 at the start.</summary>
    public LayerNorm(int channels, LayerNormMode mode = LayerNormMode.Graph, double epsilon = 1e-5) : base(nameof(LayerNorm))
    {
        (_epsilon, _mode) = (epsilon, mode);
        weight = nn.Parameter(ones(channels));
        bias = nn.Parameter(zeros(channels));
        RegisterComponents();
    }

    /// <inheritdoc/>
    protected override Tensor Normalize(Tensor x, GraphBatch? batch)
    {
        if (_mode == LayerNormMode.Node) { return nn.functional.layer_norm(x, [x.shape[1]], weight, bias, _epsilon); }
        using var scope = NewDisposeScope();
        return ((batch is null ? OfAll(x) : OfEach(x, batch)) * weight + bias).MoveToOuterDisposeScope();
    }

    private Tensor OfAll(Tensor x)
    {
        var apart = x - x.mean();
        return apart / (x.std(unbiased: false) + _epsilon);
    }

    private Tensor OfEach(Tensor x, GraphBatch batch)
    {
        var values = batch.Sizes(x) * x.shape[1]; // [G, 1]
        var apart = x - batch.Spread(batch.Sum(x).sum(-1, keepdim: true) / values);
        var variance = batch.Sum(apart * apart).sum(-1, keepdim: true) / values;
        return apart / batch.Spread((variance + _epsilon).sqrt());
    }
}
