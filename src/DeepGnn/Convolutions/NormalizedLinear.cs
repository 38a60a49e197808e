using DeepGnn.Aggregation;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>What the second half of a perceptron needs besides tensors.</summary>
internal sealed record NormalizedLinearCall(LayerNorm Norm, Linear Linear, bool InputNeeded);

/// <summary>
/// relu(norm(z)) Wᵀ + b as one node of the autograd graph. It keeps z alone: the normalised rows, as large as z, are made again in the backward
/// pass, some rows at a time, so that they never leave the processor's cache. Arguments: z, <see cref="NormalizedLinearCall"/>, the norm's scale
/// and shift, W, b.
/// </summary>
internal sealed class NormalizedLinear : autograd.SingleTensorFunction<NormalizedLinear>
{
    /// <summary>4 MiB in float32.</summary>
    private const long ValuesPerChunk = 1 << 20;

    public override string Name => nameof(NormalizedLinear);

    /// <summary>z is [N, F], the result [N, F'].</summary>
    public static Tensor Of(LayerNorm norm, Linear linear, Tensor z)
    {
        using var scope = NewDisposeScope();
        var call = new NormalizedLinearCall(norm, linear, z.requires_grad);
        return apply([z.contiguous(), call, norm.weight!, norm.bias!, linear.weight!, linear.bias!]).MoveToOuterDisposeScope();
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var z = (Tensor)vars[0];
        var call = (NormalizedLinearCall)vars[1];
        ctx.save_for_backward([z]);
        ctx.save_data(nameof(NormalizedLinearCall), call);
        var y = empty(z.shape[0], call.Linear.weight!.shape[0], z.dtype, z.device);
        foreach (var (first, count) in Chunks(z))
        {
            using var scope = NewDisposeScope();
            y.narrow(0, first, count).copy_(call.Linear.call(call.Norm.call(z.narrow(0, first, count)).relu_()));
        }

        return y;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var call = (NormalizedLinearCall)ctx.get_data(nameof(NormalizedLinearCall));
        var z = ctx.get_saved_variables()[0];
        var (weight, scale, shift) = (call.Linear.weight!.detach(), call.Norm.weight!, call.Norm.bias!);
        var (toZ, toWeight, toScale, toShift) = (empty_like(z), zeros_like(weight), zeros_like(scale), zeros_like(shift));
        foreach (var (first, count) in Chunks(z))
        {
            using var scope = NewDisposeScope();
            using var recording = enable_grad();
            var rows = z.narrow(0, first, count).detach().requires_grad_();
            var hidden = call.Norm.call(rows).relu();
            var arrived = g.narrow(0, first, count);
            var found = autograd.grad([hidden], [rows, scale, shift], [arrived.matmul(weight)]);
            using var constant = no_grad();
            toWeight.add_(arrived.t().matmul(hidden));
            toZ.narrow(0, first, count).copy_(found[0]);
            toScale.add_(found[1]);
            toShift.add_(found[2]);
        }

        return [call.InputNeeded ? toZ : null, null, toScale, toShift, toWeight, call.Linear.bias is null ? null : g.sum(dim: 0)];
    });

    private static IEnumerable<(long First, long Count)> Chunks(Tensor z)
    {
        var rows = Math.Max(1, ValuesPerChunk / z.shape[1]);
        for (long first = 0; first < z.shape[0]; first += rows) { yield return (first, Math.Min(rows, z.shape[0] - first)); }
    }
}
