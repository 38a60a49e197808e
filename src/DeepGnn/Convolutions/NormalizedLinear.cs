using DeepGnn.Aggregation;
using DeepGnn.Normalizations;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>What the second half of a perceptron needs besides tensors.</summary>
internal sealed record NormalizedLinearCall(TorchSharp.Modules.LayerNorm Norm, Linear Linear, bool InputNeeded);

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
    public static Tensor Of(TorchSharp.Modules.LayerNorm norm, Linear linear, Tensor z)
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
        var rows = Kernels.AreSimd(z) ? NormReluCall.Of(call.Norm, z) : null;
        foreach (var (first, count) in Chunks(z))
        {
            using var scope = NewDisposeScope();
            var hidden = Hidden(call, rows, z.narrow(0, first, count));
            var into = y.narrow(0, first, count).addmm_(hidden, call.Linear.weight!.t(), beta: 0, alpha: 1);
            if (call.Linear.bias is { } bias) { into.add_(bias); }
        }

        return y;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var call = (NormalizedLinearCall)ctx.get_data(nameof(NormalizedLinearCall));
        var z = ctx.get_saved_variables()[0];
        var (weight, scale, shift) = (call.Linear.weight!.detach(), call.Norm.weight!, call.Norm.bias!);
        var (toZ, toWeight, toParameters) = (empty_like(z), zeros_like(weight), zeros(2, z.shape[1], z.dtype, z.device));
        var simd = Kernels.AreSimd(z) ? NormReluCall.Of(call.Norm, z) : null;
        foreach (var (first, count) in Chunks(z))
        {
            using var scope = NewDisposeScope();
            var (rows, arrived, into) = (z.narrow(0, first, count), g.narrow(0, first, count), toZ.narrow(0, first, count));
            if (simd is null) { Separately(call, rows, arrived, into, toParameters, toWeight); }
            else
            {
                var hidden = empty_like(rows);
                into.addmm_(arrived, weight, beta: 0, alpha: 1); // d loss / d hidden, replaced row by row
                simd.Backward(rows, scale, shift, into, into, toParameters, hidden);
                toWeight.addmm_(arrived.t(), hidden, beta: 1, alpha: 1);
            }
        }

        return [call.InputNeeded ? toZ : null, null, toParameters[0], toParameters[1], toWeight, call.Linear.bias is null ? null : g.sum(dim: 0)];
    });

    private static Tensor Hidden(NormalizedLinearCall call, NormReluCall? simd, Tensor z)
    {
        if (simd is null) { return call.Norm.call(z).relu_(); }
        var hidden = empty_like(z);
        simd.Forward(z, call.Norm.weight!, call.Norm.bias!, hidden);
        return hidden;
    }

    // One operator after the other, for other devices.
    private static void Separately(NormalizedLinearCall call, Tensor z, Tensor g, Tensor toZ, Tensor toParameters, Tensor toWeight)
    {
        using var recording = enable_grad();
        var rows = z.detach().requires_grad_();
        var hidden = call.Norm.call(rows).relu();
        var found = autograd.grad([hidden], [rows, call.Norm.weight!, call.Norm.bias!], [g.matmul(call.Linear.weight!.detach())]);
        using var constant = no_grad();
        toWeight.add_(g.t().matmul(hidden));
        toZ.copy_(found[0]);
        toParameters.add_(stack([found[1], found[2]]));
    }

    private static IEnumerable<(long First, long Count)> Chunks(Tensor z)
    {
        var rows = Math.Max(1, ValuesPerChunk / z.shape[1]);
        for (long first = 0; first < z.shape[0]; first += rows) { yield return (first, Math.Min(rows, z.shape[0] - first)); }
    }
}
