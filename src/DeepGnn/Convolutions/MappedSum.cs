using System.Numerics;
using DeepGnn.Aggregation;
using DeepGnn.Aggregation.Simd;
using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>What the function needs besides tensors.</summary>
internal sealed record MappedSumCall(EdgeKernels Kernels, Graph Graph, bool Mean, bool InputNeeded);

/// <summary>
/// A (x W_lᵀ) + x W_rᵀ + b, with A the sum or mean over neighbours, as one node of the autograd graph. It keeps x alone: as A is linear,
/// d loss / d W_l = (Aᵀ g)ᵀ x needs no aggregate. Arguments: x, <see cref="MappedSumCall"/>, W_l, W_r or null, b or null.
/// </summary>
internal sealed class MappedSum : autograd.SingleTensorFunction<MappedSum>
{
    public override string Name => nameof(MappedSum);

    /// <summary>x is [N, F], the weights are [F', F], the result is [N, F'].</summary>
    public static Tensor Of(Tensor x, Graph graph, bool mean, Tensor neighborWeight, Tensor? ownWeight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        var call = new MappedSumCall(Kernels.For(x), graph, mean, x.requires_grad);
        return apply(x, call, neighborWeight, ownWeight!, bias!).MoveToOuterDisposeScope();
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (x, call, neighborWeight, ownWeight, bias) = ((Tensor)vars[0], (MappedSumCall)vars[1], (Tensor)vars[2], (Tensor?)vars[3], (Tensor?)vars[4]);
        ctx.save_for_backward([x, neighborWeight, ownWeight!, bias!]);
        ctx.save_data(nameof(MappedSumCall), call);
        var y = empty(x.shape[0], neighborWeight.shape[0], x.dtype, x.device);
        if (IsOurs<float>(x, neighborWeight)) { RowsOf<float>(call, neighborWeight, ownWeight).Forward(x, bias, y); }
        else if (IsOurs<double>(x, neighborWeight)) { RowsOf<double>(call, neighborWeight, ownWeight).Forward(x, bias, y); }
        else
        {
            using var mapped = x.matmul(neighborWeight.t());
            using var sum = call.Kernels.Sum(mapped, call.Graph, null, call.Mean);
            y.copy_(sum);
            if (ownWeight is not null) { y.addmm_(x, ownWeight.t(), 1, 1); }
            if (bias is not null) { y.add_(bias); }
        }

        return y;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var call = (MappedSumCall)ctx.get_data(nameof(MappedSumCall));
        var saved = ctx.get_saved_variables();
        var (x, neighborWeight, ownWeight) = (saved[0], saved[1].detach(), saved[2]?.detach());
        var (toNeighborWeight, toOwnWeight) = (zeros_like(neighborWeight), ownWeight is null ? null : zeros_like(ownWeight));
        var (toX, toBias) = (call.InputNeeded ? empty_like(x) : null, saved[3] is null ? null : zeros_like(saved[3]));
        if (IsOurs<float>(x, neighborWeight))
        {
            RowsOf<float>(call, neighborWeight, ownWeight).Backward(g, x, toX, toNeighborWeight, toOwnWeight, toBias);
        }
        else if (IsOurs<double>(x, neighborWeight))
        {
            RowsOf<double>(call, neighborWeight, ownWeight).Backward(g, x, toX, toNeighborWeight, toOwnWeight, toBias);
        }
        else
        {
            using var spread = call.Kernels.SumBackward(new Messages(null!), call.Graph, null, call.Mean, g, new Needed(true, default, false)).Nodes!;
            toNeighborWeight.addmm_(spread.t(), x, 1, 1);
            toX?.addmm_(spread, neighborWeight, 0, 1);
            if (ownWeight is not null)
            {
                toX?.addmm_(g, ownWeight, 1, 1);
                toOwnWeight!.addmm_(g.t(), x, 1, 1);
            }

            toBias?.add_(g.sum(dim: 0));
        }

        return [toX, null, toNeighborWeight, toOwnWeight, toBias];
    });

    private static bool IsOurs<T>(Tensor x, Tensor neighborWeight) where T : unmanaged, IFloatingPointIeee754<T> =>
        TallRows<T>.Serves(x, neighborWeight) && neighborWeight.shape[0] == neighborWeight.shape[1];

    private static MappedSumRows<T> RowsOf<T>(MappedSumCall call, Tensor neighborWeight, Tensor? ownWeight) where T : unmanaged, IFloatingPointIeee754<T> =>
        new(call.Graph, call.Mean, neighborWeight, ownWeight);
}
