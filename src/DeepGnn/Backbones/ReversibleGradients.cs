using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Backbones;

/// <summary>Gradients that a reversible backward pass gathers layer by layer.</summary>
internal sealed class ReversibleGradients(ReversibleCall call, Tensor? edges)
{
    private readonly Dictionary<IntPtr, Tensor> _ofParameter = [];

    /// <summary>Gradient of the edge features, or null.</summary>
    public Tensor? Edges { get; } = edges is null ? null : zeros_like(edges);

    /// <summary>One gradient for each parameter, in their order; null where none was found, or where it was used at once.</summary>
    public Tensor?[] Ordered => [.. call.Parameters.Select(p => _ofParameter.GetValueOrDefault(p.Handle))];

    /// <summary>Differentiates one block's output; returns d loss / d (its input) and adds up the rest.</summary>
    public Tensor Take(Tensor output, Tensor g, Tensor input, Tensor? edges, CouplingBlock block, Tensor? edgesInto)
    {
        Parameter[] trained = [.. block.parameters().Where(p => p.requires_grad)];
        Tensor[] wanted = edgesInto is null ? [input, .. trained] : [input, .. trained, edges!];
        var found = autograd.grad([output], wanted, [g.contiguous()], allow_unused: true);
        for (var p = 0; p < trained.Length; p++)
        {
            if (found[p + 1] is { IsInvalid: false } gradient) { Add(trained[p], gradient); }
        }

        if (edgesInto is not null && found[^1] is { IsInvalid: false } ofEdges) { edgesInto.add_(ofEdges); }
        return found[0] is { IsInvalid: false } arrived ? arrived : zeros_like(input);
    }

    private void Add(Parameter parameter, Tensor gradient)
    {
        if (call.Use is { } use)
        {
            use(parameter, gradient);
            gradient.Dispose();
        }
        else if (_ofParameter.TryGetValue(parameter.Handle, out var sum)) { sum.add_(gradient); }
        else { _ofParameter.Add(parameter.Handle, gradient.DetachFromDisposeScope()); }
    }
}
