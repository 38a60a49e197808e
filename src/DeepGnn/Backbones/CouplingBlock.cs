using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using DeepGnn.Normalizations;
using DeepGnn.Runtime;
using static TorchSharp.torch;

namespace DeepGnn.Backbones;

/// <summary>
/// The function of one group in a reversible layer: conv(mask ⊙ act(norm(x))); norm and act may be left out. Layers inside may draw random
/// numbers or count batch statistics: the backward pass evaluates the block again as the same block.
/// </summary>
public sealed class CouplingBlock : nn.Module<Tensor, Graph, Tensor>
{
    private readonly nn.Module<Tensor, Tensor>? norm;
    private readonly nn.Module<Tensor, Tensor>? act;
    private readonly GraphConvolution conv;

    /// <summary>The modules become children of this one.</summary>
    public CouplingBlock(GraphConvolution conv, nn.Module<Tensor, Tensor>? norm = null, nn.Module<Tensor, Tensor>? act = null)
        : base(nameof(CouplingBlock))
    {
        (this.conv, this.norm, this.act) = (conv, norm, act);
        RegisterComponents();
    }

    /// <summary>[N, D/C] gives [N, D/C].</summary>
    public override Tensor forward(Tensor x, Graph graph) => forward(x, graph, null, null);

    /// <summary>The same with edge features and a dropout mask [N, D/C], either of them null.</summary>
    public Tensor forward(Tensor x, Graph graph, Tensor? edges, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        if (mask is null) { return conv.PreActivated(x, graph, edges, norm, act, null).MoveToOuterDisposeScope(); }
        return conv.Convolved(PreActivation.Of(norm, act, x, graph) * mask, graph, edges).MoveToOuterDisposeScope();
    }

    /// <summary>The same with a mask that is made again wherever it is needed.</summary>
    internal Tensor Dropped(Tensor x, Graph graph, Tensor? edges, DropoutMask mask) =>
        conv.PreActivated(x, graph, edges, norm, act, mask);
}
