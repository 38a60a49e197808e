using System.Numerics;
using DeepGnn.Aggregation;
using DeepGnn.Aggregation.Simd;
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
        var (weight, bias) = (call.Linear.weight!, call.Linear.bias);
        var y = empty(z.shape[0], weight.shape[0], z.dtype, z.device);
        if (TallRows<float>.Serves(z, weight)) { RowsOf<float>(call).Forward(z, bias, y); }
        else if (TallRows<double>.Serves(z, weight)) { RowsOf<double>(call).Forward(z, bias, y); }
        else
        {
            foreach (var (first, count) in Chunks(z))
            {
                using var scope = NewDisposeScope();
                var into = y.narrow(0, first, count).addmm_(call.Norm.call(z.narrow(0, first, count)).relu_(), weight.t(), beta: 0, alpha: 1);
                if (bias is not null) { into.add_(bias); }
            }
        }

        return y;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var call = (NormalizedLinearCall)ctx.get_data(nameof(NormalizedLinearCall));
        var z = ctx.get_saved_variables()[0];
        var weight = call.Linear.weight!.detach();
        var (toZ, toWeight, toParameters) = (empty_like(z), zeros_like(weight), zeros(2, z.shape[1], z.dtype, z.device));
        if (TallRows<float>.Serves(z, weight)) { RowsOf<float>(call).Backward(z, g, toZ, toParameters, toWeight); }
        else if (TallRows<double>.Serves(z, weight)) { RowsOf<double>(call).Backward(z, g, toZ, toParameters, toWeight); }
        else
        {
            foreach (var (first, count) in Chunks(z))
            {
                using var scope = NewDisposeScope();
                Separately(call, z.narrow(0, first, count), g.narrow(0, first, count), toZ.narrow(0, first, count), toParameters, toWeight);
            }
        }

        return [call.InputNeeded ? toZ : null, null, toParameters[0], toParameters[1], toWeight, call.Linear.bias is null ? null : g.sum(dim: 0)];
    });

    private static NormalizedLinearRows<T> RowsOf<T>(NormalizedLinearCall call) where T : unmanaged, IFloatingPointIeee754<T> =>
        new(new NormReluRows<T>(call.Norm.weight!, call.Norm.bias!, call.Norm.eps, dropout: null), call.Linear.weight!);

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
