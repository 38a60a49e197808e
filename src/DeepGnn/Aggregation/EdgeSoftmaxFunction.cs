using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation;

/// <summary>What a softmax over edges needs besides tensors.</summary>
internal sealed record EdgeSoftmaxCall(EdgeKernels Kernels, Graph Graph);

/// <summary>Arguments: scores [E, H], <see cref="EdgeSoftmaxCall"/>.</summary>
internal sealed class EdgeSoftmaxFunction : autograd.SingleTensorFunction<EdgeSoftmaxFunction>
{
    public override string Name => nameof(EdgeSoftmaxFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var call = (EdgeSoftmaxCall)vars[1];
        var shares = call.Kernels.EdgeSoftmax((Tensor)vars[0], call.Graph);
        ctx.save_for_backward([shares]);
        ctx.save_data(nameof(EdgeSoftmaxCall), call);
        return shares;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var call = (EdgeSoftmaxCall)ctx.get_data(nameof(EdgeSoftmaxCall));
        return [call.Kernels.EdgeSoftmaxBackward(ctx.get_saved_variables()[0], call.Graph, g), null];
    });
}
