using Contracts;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Models;

/// <summary>
/// Brings the outputs of all layers together. <see cref="Fusion.Concat"/>: their concatenation [N, L·D]. <see cref="Fusion.Global"/>:
/// the concatenation mapped to 1,024 channels (linear → norm → ReLU), its maximum over the N nodes repeated for each node, and the
/// concatenation itself: [N, 1024 + L·D].
/// <para>Source: Li et al., DeepGCNs, arXiv:1904.03751, section 4 (fusion block).</para>
/// </summary>
internal sealed class FusionBlock : nn.Module<IReadOnlyList<Tensor>, Tensor>
{
    private const int GlobalChannels = 1024;
    private readonly Linear? lin;
    private readonly nn.Module<Tensor, Tensor>? norm;

    public FusionBlock(ModelSpec spec, int channels) : base(nameof(FusionBlock))
    {
        OutChannels = channels;
        if (spec.Fusion == Fusion.Global)
        {
            lin = nn.Linear(channels, GlobalChannels);
            norm = Modules.Normalization(spec.Normalization, GlobalChannels);
            OutChannels += GlobalChannels;
        }

        RegisterComponents();
    }

    public int OutChannels { get; }

    public override Tensor forward(IReadOnlyList<Tensor> outputs)
    {
        using var scope = NewDisposeScope();
        var all = cat([.. outputs], dim: 1); // [N, L·D]
        if (lin is null) { return all.MoveToOuterDisposeScope(); }

        var fused = lin.forward(all); // [N, 1024]
        fused = nn.functional.relu(norm is null ? fused : norm.forward(fused));
        var global = fused.amax([0], keepdim: true).expand(all.shape[0], GlobalChannels); // [N, 1024], one row N times
        return cat([global, all], dim: 1).MoveToOuterDisposeScope();
    }
}
