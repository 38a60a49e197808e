using System.Numerics;
using DeepGnn.Aggregation;
using DeepGnn.Aggregation.Simd;
using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>What the function needs besides tensors.</summary>
/// <param name="Kernels">The chosen set.</param>
/// <param name="Graph">N nodes.</param>
/// <param name="Weights">Of its edges, [E, 1], constants; null: all 1.</param>
/// <param name="Mean">Whether sums are divided by the number of edges.</param>
/// <param name="InputNeeded">Whether x wants a gradient.</param>
internal sealed record MappedSumCall(EdgeKernels Kernels, Graph Graph, Tensor? Weights, bool Mean, bool InputNeeded);

/// <summary>
/// A (x W_lᵀ) + x W_rᵀ + b, with A the (weighted) sum or the mean over neighbours, as one node of the autograd graph. It keeps x alone: as A is linear,
/// d loss / d W_l = (Aᵀ g)ᵀ x needs no aggregate. Arguments: x, <see cref="MappedSumCall"/>, W_l, W_r or null, b or null.
/// </summary>
internal sealed class MappedSum : autograd.SingleTensorFunction<MappedSum>
{
    public override string Name => nameof(MappedSum);

    /// <summary>x is [N, F], W_l and W_r are [F', F], edge weights, constants, [E] or null; the result is [N, F'].</summary>
    public static Tensor Of(Tensor x, Graph graph, Tensor? weights, bool mean, Tensor neighborWeight, Tensor? ownWeight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        var messages = Aggregate.Checked(x, graph);
        var perHead = weights is null ? null : Aggregate.Heads(weights, messages, graph); // [E, 1]
        var call = new MappedSumCall(Kernels.For(x), graph, perHead, mean, x.requires_grad);
        return apply(messages.Nodes, call, neighborWeight, ownWeight!, bias!).MoveToOuterDisposeScope();
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (x, call, neighborWeight, ownWeight, bias) = ((Tensor)vars[0], (MappedSumCall)vars[1], (Tensor)vars[2], (Tensor?)vars[3], (Tensor?)vars[4]);
        // The edge weights too: a thinned graph lets go of its own after the forward pass.
        ctx.save_for_backward([x, neighborWeight, ownWeight!, bias!, call.Weights!]);
        ctx.save_data(nameof(MappedSumCall), call);
        var y = empty(x.shape[0], neighborWeight.shape[0], x.dtype, x.device);
        if (IsOurs<float>(call, x, neighborWeight)) { RowsOf<float>(call, neighborWeight, ownWeight).Forward(x, bias, y); }
        else if (IsOurs<double>(call, x, neighborWeight)) { RowsOf<double>(call, neighborWeight, ownWeight).Forward(x, bias, y); }
        else
        {
            using var mapped = x.matmul(neighborWeight.t());
            using var sum = call.Kernels.Sum(mapped, call.Graph, call.Weights, call.Mean);
            y.copy_(sum);
            if (ownWeight is not null) { y.addmm_(x, ownWeight.t(), 1, 1); }
            if (bias is not null) { y.add_(bias); }
        }

        return y;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var saved = ctx.get_saved_variables();
        var call = (MappedSumCall)ctx.get_data(nameof(MappedSumCall)) with { Weights = saved[4] };
        var (x, neighborWeight, ownWeight) = (saved[0], saved[1].detach(), saved[2]?.detach());
        var (toNeighborWeight, toOwnWeight) = (zeros_like(neighborWeight), ownWeight is null ? null : zeros_like(ownWeight));
        var (toX, toBias) = (call.InputNeeded ? empty_like(x) : null, saved[3] is null ? null : zeros_like(saved[3]));
        if (IsOurs<float>(call, x, neighborWeight))
        {
            RowsOf<float>(call, neighborWeight, ownWeight).Backward(g, x, toX, toNeighborWeight, toOwnWeight, toBias);
        }
        else if (IsOurs<double>(call, x, neighborWeight))
        {
            RowsOf<double>(call, neighborWeight, ownWeight).Backward(g, x, toX, toNeighborWeight, toOwnWeight, toBias);
        }
        else
        {
            using var spread = call.Kernels.SumBackward(new Messages(null!), call.Graph, call.Weights, call.Mean, g, new Needed(true, default, false)).Nodes!;
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

    // The set of the forward pass holds for the backward pass.
    private static bool IsOurs<T>(MappedSumCall call, Tensor x, Tensor neighborWeight) where T : unmanaged, IFloatingPointIeee754<T> =>
        call.Kernels is SimdKernels<T> && TallRows<T>.Serves(x, neighborWeight) && neighborWeight.shape[0] == neighborWeight.shape[1];

    private static MappedSumRows<T> RowsOf<T>(MappedSumCall call, Tensor neighborWeight, Tensor? ownWeight) where T : unmanaged, IFloatingPointIeee754<T> =>
        new(call, neighborWeight, ownWeight);
}
