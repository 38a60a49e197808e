using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation;

/// <summary>What a maximum needs besides tensors.</summary>
internal sealed record MaxCall(EdgeKernels Kernels, Messages Messages, Graph Graph, Needed Needed);

/// <summary>Arguments: nodes, edge features (three), <see cref="MaxCall"/>.</summary>
internal sealed class MaxFunction : autograd.SingleTensorFunction<MaxFunction>
{
    public override string Name => nameof(MaxFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var call = (MaxCall)vars[4];
        var (largest, edge) = call.Kernels.Max(call.Messages, call.Graph);
        var nodesMatter = call.Messages.Rectified;
        var edgesMatter = nodesMatter || call.Needed.Edges.Any;
        ctx.save_for_backward(
            [nodesMatter ? call.Messages.Nodes : null!, .. EdgeFeatures.Arguments(edgesMatter ? call.Messages.Edges : null), edge]);
        ctx.save_data(nameof(MaxCall), call with { Messages = call.Messages with { Nodes = null!, Edges = null } });
        return largest;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var call = (MaxCall)ctx.get_data(nameof(MaxCall));
        var saved = ctx.get_saved_variables();
        var messages = call.Messages with { Nodes = saved[0], Edges = EdgeFeatures.From(saved, 1) };
        var found = call.Kernels.MaxBackward(messages, call.Graph, saved[4], g, call.Needed);
        return [found.Nodes, .. found.Edges.InOrder, null];
    });
}
