using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation;

/// <summary>What a softmax aggregation needs besides tensors.</summary>
internal sealed record SoftmaxCall(EdgeKernels Kernels, Messages Messages, Graph Graph, bool Stopped, Needed Needed);

/// <summary>Arguments: nodes, edge features (three), t [D], <see cref="SoftmaxCall"/>.</summary>
internal sealed class SoftmaxFunction : autograd.SingleTensorFunction<SoftmaxFunction>
{
    public override string Name => nameof(SoftmaxFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var t = (Tensor)vars[4];
        var call = (SoftmaxCall)vars[5];
        var (sum, logSum) = call.Kernels.Softmax(call.Messages, call.Graph, t);
        ctx.save_for_backward([call.Messages.Nodes, .. EdgeFeatures.Arguments(call.Messages.Edges), t, sum, logSum]);
        ctx.save_data(nameof(SoftmaxCall), call with { Messages = call.Messages with { Nodes = null!, Edges = null } });
        return sum;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var call = (SoftmaxCall)ctx.get_data(nameof(SoftmaxCall));
        var saved = ctx.get_saved_variables();
        var messages = call.Messages with { Nodes = saved[0], Edges = EdgeFeatures.From(saved, 1) };
        var found = call.Kernels.SoftmaxBackward(messages, call.Graph, saved[4], saved[5], saved[6], g, call.Stopped, call.Needed);
        return [found.Nodes, .. found.Edges.InOrder, found.Parameter, null];
    });
}
