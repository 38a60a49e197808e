using DeepGnn.Aggregation;
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
        Tensor y;
        using (var mapped = x.matmul(neighborWeight.t())) { y = call.Kernels.Sum(mapped, call.Graph, null, call.Mean); }
        if (ownWeight is not null) { y.addmm_(x, ownWeight.t(), 1, 1); }
        if (bias is not null) { y.add_(bias); }
        return y;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var call = (MappedSumCall)ctx.get_data(nameof(MappedSumCall));
        var saved = ctx.get_saved_variables();
        var (x, neighborWeight, ownWeight) = (saved[0], saved[1], saved[2]);
        Tensor toNeighborWeight;
        Tensor? toX = null;
        using (var spread = call.Kernels.SumBackward(new Messages(null!), call.Graph, null, call.Mean, g, new Needed(true, default, false)).Nodes!)
        {
            toNeighborWeight = spread.t().matmul(x);
            if (call.InputNeeded) { toX = spread.matmul(neighborWeight); }
        }

        if (ownWeight is not null) { toX?.addmm_(g, ownWeight, 1, 1); }
        return [toX, null, toNeighborWeight, ownWeight is null ? null : g.t().matmul(x), saved[3] is null ? null : g.sum(dim: 0)];
    });
}
