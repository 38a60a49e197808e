using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation;

/// <summary>What moments over edges need besides tensors.</summary>
internal sealed record PairMomentsCall(EdgeKernels Kernels, Graph Graph, double Slope, NeededByPairs Needed);

/// <summary>Arguments: sources, targets, <see cref="PairMomentsCall"/>.</summary>
internal sealed class PairMomentsFunction : autograd.SingleTensorFunction<PairMomentsFunction>
{
    public override string Name => nameof(PairMomentsFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var pairs = new Pairs((Tensor)vars[0], (Tensor)vars[1]);
        var call = (PairMomentsCall)vars[2];
        var moments = call.Kernels.PairMoments(pairs, call.Graph, call.Slope);
        ctx.save_for_backward([pairs.Sources, pairs.Targets, moments]);
        ctx.save_data(nameof(PairMomentsCall), call);
        return moments;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var call = (PairMomentsCall)ctx.get_data(nameof(PairMomentsCall));
        var saved = ctx.get_saved_variables();
        var found = call.Kernels.PairMomentsBackward(
            new Pairs(saved[0], saved[1]), call.Graph, call.Slope, saved[2], g, call.Needed);
        return [found.Sources, found.Targets, null];
    });
}
