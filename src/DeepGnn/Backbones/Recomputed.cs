using DeepGnn.Aggregation;
using DeepGnn.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Backbones;

/// <summary>
/// Layers whose activations are not kept: the backward pass runs them again from their input. Random numbers are those of the first run, and
/// batch statistics are counted once.
/// Source: Chen et al., "Training Deep Nets with Sublinear Memory Cost", arXiv 1604.06174.
/// </summary>
internal static class Recomputed
{
    /// <summary>The result of <paramref name="run"/> on x and whatever else it needs a gradient for.</summary>
    /// <param name="layers">What runs; their parameters get gradients.</param>
    /// <param name="inputs">x, and further tensors; null ones are handed on as null.</param>
    /// <param name="run">From the inputs to one tensor, by the layers alone.</param>
    public static Tensor Of(IEnumerable<nn.Module> layers, Tensor?[] inputs, Func<Tensor?[], Tensor> run)
    {
        using var scope = NewDisposeScope();
        nn.Module[] distinct = [.. layers.Distinct()];
        Parameter[] weights = [.. distinct.SelectMany(layer => layer.parameters()).Where(p => p.requires_grad)];
        var call = new RecomputedCall(run, weights, [.. inputs.Select(input => input?.requires_grad ?? false)], new Replay(distinct));
        return RecomputedFunction.apply([call, .. inputs!, .. weights]).MoveToOuterDisposeScope();
    }
}

/// <summary>What a segment needs besides tensors.</summary>
internal sealed record RecomputedCall(Func<Tensor?[], Tensor> Run, Parameter[] Parameters, bool[] Needed, Replay Replay)
{
    /// <summary>What went in, until the backward pass has used it. Saved variables would live to the end of the whole pass.</summary>
    public Tensor?[] Inputs { get; set; } = [];
}

/// <summary>Arguments: <see cref="RecomputedCall"/>, the inputs, then all parameters.</summary>
internal sealed class RecomputedFunction : autograd.SingleTensorFunction<RecomputedFunction>
{
    public override string Name => nameof(RecomputedFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var call = (RecomputedCall)vars[0];
        Tensor?[] inputs = [.. vars.Skip(1).Take(call.Needed.Length).Cast<Tensor?>()];
        if (vars.Skip(1).Any(each => each is Tensor { requires_grad: true })) { call.Inputs = [.. inputs.Select(input => input?.detach().DetachFromDisposeScope())]; }
        ctx.save_data(nameof(RecomputedCall), call);
        return call.Replay.First(() => call.Run(inputs));
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var call = (RecomputedCall)ctx.get_data(nameof(RecomputedCall));
        Tensor?[] inputs = [.. call.Inputs.Zip(call.Needed, (kept, needed) => kept?.detach().requires_grad_(needed))];
        foreach (var kept in call.Inputs) { kept?.Dispose(); }
        call.Inputs = [];
        Tensor[] wanted = [.. inputs.Where((_, i) => call.Needed[i])!, .. call.Parameters];
        var found = call.Replay.Again(() =>
        {
            using var recording = enable_grad();
            return autograd.grad([call.Run(inputs)], wanted, [g], allow_unused: true);
        }).Select(each => each is { IsInvalid: false } ? each : null).ToArray();
        var next = 0;
        Tensor?[] ofInputs = [.. call.Needed.Select(needed => needed ? found[next++] : null)];
        return [null, .. ofInputs, .. found[next..]];
    });
}
