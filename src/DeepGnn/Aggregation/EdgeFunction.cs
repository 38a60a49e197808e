using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation;

/// <summary>What a function of edges needs besides tensors.</summary>
internal sealed record EdgeFunctionCall(
    nn.Module<Tensor, Tensor> Function, Tensor[] Parameters, Graph Graph, Reduction Reduction, bool NodesNeeded);

/// <summary>
/// Reduction of h([x_i, x_j − x_i]) for any function h with parameters, on chunks of edges of bounded size; the backward pass computes h
/// again, chunk by chunk. Arguments: x, <see cref="EdgeFunctionCall"/>, then the parameters of h.
/// </summary>
internal sealed class EdgeFunction : autograd.SingleTensorFunction<EdgeFunction>
{
    public override string Name => nameof(EdgeFunction);

    /// <summary>x is [N, F] and h gives F' channels; the result is [N, F'], 0 at isolated nodes.</summary>
    public static Tensor Reduce(nn.Module<Tensor, Tensor> function, Tensor x, Graph graph, Reduction reduction)
    {
        using var scope = NewDisposeScope();
        Tensor[] parameters = [.. function.parameters().Where(p => p.requires_grad)];
        var call = new EdgeFunctionCall(function, parameters, graph, reduction, x.requires_grad);
        return apply([x.contiguous(), call, .. parameters]).MoveToOuterDisposeScope();
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var x = (Tensor)vars[0];
        var call = (EdgeFunctionCall)vars[1];
        Tensor? result = null, winners = null;
        foreach (var chunk in RowChunk.Of(call.Graph, x))
        {
            using var scope = NewDisposeScope();
            var y = call.Function.call(chunk.Inputs(x));
            result ??= zeros(call.Graph.NodeCount, y.shape[1], y.dtype, y.device).MoveToOuterDisposeScope();
            var into = result.narrow(0, chunk.FirstRow, chunk.RowCount);
            if (call.Reduction == Reduction.Max)
            {
                winners ??= full(result.shape, -1, int64, y.device).MoveToOuterDisposeScope();
                var (largest, edge) = chunk.Max(y);
                into.copy_(largest);
                winners.narrow(0, chunk.FirstRow, chunk.RowCount).copy_(edge);
            }
            else
            {
                into.index_add_(0, chunk.LocalTargets, y, 1);
                if (call.Reduction == Reduction.Mean) { into.div_(chunk.Degrees(y)); }
            }
        }

        ctx.save_for_backward([x, winners!]);
        ctx.save_data(nameof(EdgeFunctionCall), call);
        // Without edges the width of h is known only by asking it.
        return result ?? zeros(call.Graph.NodeCount, call.Function.call(zeros(1, 2 * x.shape[1], x.dtype, x.device)).shape[1], x.dtype, x.device);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var call = (EdgeFunctionCall)ctx.get_data(nameof(EdgeFunctionCall));
        var saved = ctx.get_saved_variables();
        var x = saved[0];
        var toNodes = zeros_like(x);
        var toParameters = call.Parameters.Select(p => zeros_like(p)).ToArray();
        foreach (var chunk in RowChunk.Of(call.Graph, x))
        {
            using var scope = NewDisposeScope();
            using var recording = enable_grad();
            var inputs = chunk.Inputs(x.detach()).requires_grad_();
            var y = call.Function.call(inputs);
            var found = autograd.grad([y], [inputs, .. call.Parameters], [chunk.Arriving(g, y, saved[1], call.Reduction)], allow_unused: true);
            using var constant = no_grad();
            chunk.AddTo(toNodes, found[0]);
            for (var p = 0; p < toParameters.Length; p++)
            {
                if (found[p + 1] is { IsInvalid: false } gradient) { toParameters[p].add_(gradient); }
            }
        }

        return [call.NodesNeeded ? toNodes : null, null, .. toParameters];
    });
}
