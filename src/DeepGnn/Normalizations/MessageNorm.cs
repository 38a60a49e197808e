using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Normalizations;

/// <summary>
/// s · ‖x_i‖₂ · m_i / ‖m_i‖₂: aggregated messages take the length of the features they will be added to.
/// Source: Li et al., arXiv 2006.07739, equation 6; PyG MessageNorm.
/// </summary>
public sealed class MessageNorm : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly Parameter scale;

    /// <summary>s starts at 1.</summary>
    public MessageNorm(bool learnScale = false) : base(nameof(MessageNorm))
    {
        scale = nn.Parameter(ones(1), requires_grad: learnScale);
        RegisterComponents();
    }

    /// <summary>x and messages are [N, D], so is the result. A message of zeros stays zero.</summary>
    public override Tensor forward(Tensor x, Tensor messages)
    {
        using var scope = NewDisposeScope();
        var length = x.norm(1, keepdim: true, p: 2); // [N, 1]
        var direction = nn.functional.normalize(messages, p: 2, dim: 1);
        return (direction * length * scale).MoveToOuterDisposeScope();
    }
}
