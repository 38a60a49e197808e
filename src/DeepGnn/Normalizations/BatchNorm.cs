using DeepGnn.Graphs;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Normalizations;

/// <summary>(x − mean)/√(variance + ε)·γ + β by channel over all nodes; running statistics outside training. Source: PyG BatchNorm.</summary>
public sealed class BatchNorm : NodeNormalization
{
    private readonly BatchNorm1d module;

    /// <summary>γ is 1, β is 0 at the start.</summary>
    public BatchNorm(int channels, double epsilon = 1e-5, double momentum = 0.1) : base(nameof(BatchNorm))
    {
        module = nn.BatchNorm1d(channels, epsilon, momentum);
        RegisterComponents();
    }

    /// <inheritdoc/>
    protected override Tensor Normalize(Tensor x, GraphBatch? batch) => module.call(x);
}
