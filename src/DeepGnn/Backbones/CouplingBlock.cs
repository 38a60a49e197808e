using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using DeepGnn.Normalizations;
using static TorchSharp.torch;

namespace DeepGnn.Backbones;

/// <summary>The function of one group in a reversible layer: conv(mask ⊙ act(norm(x))); norm and act may be left out.</summary>
public sealed class CouplingBlock : nn.Module<Tensor, Graph, Tensor>
{
    private readonly nn.Module<Tensor, Tensor>? norm;
    private readonly nn.Module<Tensor, Tensor>? act;
    private readonly GraphConvolution conv;

    /// <summary>The modules become children of this one.</summary>
    /// <exception cref="NotSupportedException">
    /// A batch normalisation: the backward pass evaluates the block again, which would count its statistics twice.
    /// </exception>
    public CouplingBlock(GraphConvolution conv, nn.Module<Tensor, Tensor>? norm = null, nn.Module<Tensor, Tensor>? act = null)
        : base(nameof(CouplingBlock))
    {
        (this.conv, this.norm, this.act) = (conv, norm, act);
        RegisterComponents();
        if (modules().Any(m => m is TorchSharp.Modules.BatchNorm1d))
        {
            throw new NotSupportedException("reversible block: found a batch normalisation, needed one without running statistics (layer)");
        }
    }

    /// <summary>[N, D/C] gives [N, D/C].</summary>
    public override Tensor forward(Tensor x, Graph graph) => forward(x, graph, null, null);

    /// <summary>The same with edge features and a dropout mask [N, D/C], either of them null.</summary>
    public Tensor forward(Tensor x, Graph graph, Tensor? edges, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        var h = PreActivation.Of(norm, act, x, graph);
        if (mask is not null) { h *= mask; }
        return conv.Convolved(h, graph, edges).MoveToOuterDisposeScope();
    }
}
