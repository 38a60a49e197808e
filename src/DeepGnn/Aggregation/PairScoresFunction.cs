using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation;

/// <summary>What attention scores need besides tensors.</summary>
internal sealed record PairScoresCall(EdgeKernels Kernels, Graph Graph, double Slope, NeededByPairs Needed);

/// <summary>Arguments: sources, targets, edge features (three), attention [H, C], <see cref="PairScoresCall"/>.</summary>
internal sealed class PairScoresFunction : autograd.SingleTensorFunction<PairScoresFunction>
{
    public override string Name => nameof(PairScoresFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var pairs = new Pairs((Tensor)vars[0], (Tensor)vars[1], EdgeFeatures.From(vars, 2));
        var attention = (Tensor)vars[5];
        var call = (PairScoresCall)vars[6];
        ctx.save_for_backward([pairs.Sources, pairs.Targets, .. EdgeFeatures.Arguments(pairs.Edges), attention]);
        ctx.save_data(nameof(PairScoresCall), call);
        return call.Kernels.PairScores(pairs, call.Graph, attention, call.Slope);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var call = (PairScoresCall)ctx.get_data(nameof(PairScoresCall));
        var saved = ctx.get_saved_variables();
        var found = call.Kernels.PairScoresBackward(
            new Pairs(saved[0], saved[1], EdgeFeatures.From(saved, 2)), call.Graph, saved[5], call.Slope, g, call.Needed);
        return [found.Sources, found.Targets, .. found.Edges.InOrder, found.Parameter, null];
    });
}
