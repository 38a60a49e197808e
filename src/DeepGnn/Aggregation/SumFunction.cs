using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation;

/// <summary>What a sum needs besides tensors.</summary>
internal sealed record SumCall(EdgeKernels Kernels, Messages Messages, Graph Graph, Tensor? Weights, bool Mean, Needed Needed);

/// <summary>Arguments: nodes, edge features (three), weights, <see cref="SumCall"/>.</summary>
internal sealed class SumFunction : autograd.SingleTensorFunction<SumFunction>
{
    public override string Name => nameof(SumFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var call = (SumCall)vars[5];
        // A plain sum is linear: its gradient needs no node features, and they are the large ones.
        var nodesMatter = call.Messages.Rectified || call.Needed.Parameter;
        var edgesMatter = nodesMatter || call.Needed.Edges.Any;
        ctx.save_for_backward(
            [nodesMatter ? call.Messages.Nodes : null!, .. EdgeFeatures.Arguments(edgesMatter ? call.Messages.Edges : null), call.Weights!]);
        ctx.save_data(nameof(SumCall), call with { Messages = call.Messages with { Nodes = null!, Edges = null }, Weights = null });
        return call.Kernels.Sum(call.Messages, call.Graph, call.Weights, call.Mean);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var call = (SumCall)ctx.get_data(nameof(SumCall));
        var saved = ctx.get_saved_variables();
        var messages = call.Messages with { Nodes = saved[0], Edges = EdgeFeatures.From(saved, 1) };
        var found = call.Kernels.SumBackward(messages, call.Graph, saved[4], call.Mean, g, call.Needed);
        return [found.Nodes, .. found.Edges.InOrder, found.Parameter, null];
    });
}
