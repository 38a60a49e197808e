using DeepGnn.Graphs;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Backbones;

/// <summary>Gradients that a reversible backward pass gathers layer by layer.</summary>
internal sealed class ReversibleGradients
{
    private readonly Dictionary<IntPtr, Tensor> _ofParameter;

    public ReversibleGradients(IReadOnlyList<Parameter> parameters, Tensor? edges)
    {
        Ordered = [.. parameters.Select(p => zeros_like(p))];
        _ofParameter = parameters.Select((p, i) => (p.Handle, Ordered[i])).ToDictionary();
        Edges = edges is null ? null : zeros_like(edges);
    }

    /// <summary>One gradient for each parameter, in their order.</summary>
    public Tensor[] Ordered { get; }

    /// <summary>Gradient of the edge features, or null.</summary>
    public Tensor? Edges { get; }

    /// <summary>Differentiates one block's output; returns d loss / d (its input) and adds up the rest.</summary>
    public Tensor Take(Tensor output, Tensor g, Tensor input, Tensor? edges, nn.Module<Tensor, Graph, Tensor> block, Tensor? edgesInto)
    {
        Parameter[] parameters = [.. block.parameters().Where(p => p.requires_grad)];
        Tensor[] wanted = edgesInto is null ? [input, .. parameters] : [input, .. parameters, edges!];
        var found = autograd.grad([output], wanted, [g.contiguous()], allow_unused: true);
        for (var p = 0; p < parameters.Length; p++)
        {
            if (found[p + 1] is { IsInvalid: false } gradient) { _ofParameter[parameters[p].Handle].add_(gradient); }
        }

        if (edgesInto is not null && found[^1] is { IsInvalid: false } ofEdges) { edgesInto.add_(ofEdges); }
        return found[0] is { IsInvalid: false } arrived ? arrived : zeros_like(input);
    }
}
