using Contracts;
using DeepGnn.Backbones;
using DeepGnn.Graphs;
using DeepGnn.Normalizations;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Models;

/// <summary>
/// Brings the outputs of all layers together. <see cref="Fusion.Concat"/>, <see cref="Fusion.Max"/>, <see cref="Fusion.Lstm"/>: jumping
/// knowledge, [N, L·D] or [N, D]. <see cref="Fusion.Global"/>: the concatenation mapped to 1,024 channels (linear → norm → ReLU), its maximum
/// over the nodes of each graph repeated for each node, and the concatenation itself: [N, 1024 + L·D]. <see cref="Fusion.NodeMax"/>: the
/// maximum over the 1,024 channels of each node instead: [N, 1 + L·D], as deep_gcns_torch has it for PPI.
/// <para>Source: Li et al., DeepGCNs, arXiv:1904.03751, section 4 (fusion block); Xu et al., arXiv:1806.03536.</para>
/// </summary>
internal sealed class FusionBlock : nn.Module<IReadOnlyList<Tensor>, Graph, Tensor>
{
    private const int GlobalChannels = 1024;
    private readonly JumpingKnowledge jump;
    private readonly Linear? lin;
    private readonly nn.Module<Tensor, Tensor>? norm;
    private readonly Fusion _fusion;

    /// <param name="spec">Kind, width, normalisation.</param>
    /// <param name="widths">Channels of each layer's output.</param>
    public FusionBlock(ModelSpec spec, IReadOnlyList<int> widths) : base(nameof(FusionBlock))
    {
        _fusion = spec.Fusion;
        jump = new JumpingKnowledge(
            spec.Fusion switch { Fusion.Max => JumpingMode.Max, Fusion.Lstm => JumpingMode.Lstm, _ => JumpingMode.Concat }, widths[0], widths.Count);
        OutChannels = spec.Fusion is Fusion.Max or Fusion.Lstm ? widths[0] : widths.Sum();
        if (spec.Fusion is Fusion.Global or Fusion.NodeMax)
        {
            lin = nn.Linear(OutChannels, GlobalChannels);
            norm = Modules.Normalization(spec.Normalization, GlobalChannels);
            OutChannels += spec.Fusion == Fusion.Global ? GlobalChannels : 1;
        }

        RegisterComponents();
    }

    public int OutChannels { get; }

    /// <summary>The outputs [N, D_l] of all layers give [N, <see cref="OutChannels"/>].</summary>
    public override Tensor forward(IReadOnlyList<Tensor> outputs, Graph graph)
    {
        using var scope = NewDisposeScope();
        var all = jump.call(outputs); // [N, L·D]
        if (lin is null) { return all.MoveToOuterDisposeScope(); }

        var fused = nn.functional.relu(NodeNormalization.Of(norm, lin.forward(all), graph)); // [N, 1024]
        var largest = _fusion == Fusion.NodeMax ? fused.amax([1], keepdim: true) // [N, 1]
            : graph.Batch is { } batch ? batch.Spread(batch.Max(fused))
            : fused.amax([0], keepdim: true).expand(all.shape[0], GlobalChannels); // [N, 1024], one row N times
        return cat([largest, all], dim: 1).MoveToOuterDisposeScope();
    }
}
