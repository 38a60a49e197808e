using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation;

/// <summary>What a mean of powers needs besides tensors.</summary>
internal sealed record PowerMeanCall(EdgeKernels Kernels, Messages Messages, Graph Graph, double Lowest, double Highest, Needed Needed);

/// <summary>Arguments: nodes, edge features (three), p [D], <see cref="PowerMeanCall"/>.</summary>
internal sealed class PowerMeanFunction : autograd.SingleTensorFunction<PowerMeanFunction>
{
    public override string Name => nameof(PowerMeanFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var p = (Tensor)vars[4];
        var call = (PowerMeanCall)vars[5];
        ctx.save_for_backward([call.Messages.Nodes, .. EdgeFeatures.Arguments(call.Messages.Edges), p]);
        ctx.save_data(nameof(PowerMeanCall), call with { Messages = call.Messages with { Nodes = null!, Edges = null } });
        return call.Kernels.PowerMean(call.Messages, call.Graph, p, call.Lowest, call.Highest);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var call = (PowerMeanCall)ctx.get_data(nameof(PowerMeanCall));
        var saved = ctx.get_saved_variables();
        var messages = call.Messages with { Nodes = saved[0], Edges = EdgeFeatures.From(saved, 1) };
        var found = call.Kernels.PowerMeanBackward(messages, call.Graph, saved[4], call.Lowest, call.Highest, g, call.Needed);
        return [found.Nodes, .. found.Edges.InOrder, found.Parameter, null];
    });
}
