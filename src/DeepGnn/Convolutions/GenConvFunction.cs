using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using DeepGnn.Normalizations;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>What a GENConv up to its first product needs besides tensors.</summary>
/// <param name="Kernels">C# kernels.</param>
/// <param name="Graph">N nodes.</param>
/// <param name="Epsilon">Added to messages.</param>
/// <param name="Stopped">Whether the softmax's weights count as constants.</param>
/// <param name="Before">How x was normalised, rectified and dropped before; null: not at all.</param>
/// <param name="Biased">Whether the product has a bias.</param>
/// <param name="InputNeeded">Whether x wants a gradient.</param>
/// <param name="TemperatureNeeded">Whether t wants one.</param>
internal sealed record GenConvCall(
    EdgeKernels Kernels, Graph Graph, double Epsilon, bool Stopped, NormReluCall? Before, bool Biased, bool InputNeeded, bool TemperatureNeeded);

/// <summary>
/// W(y + Σ softmax(t·m) ⊙ m) with m = relu(y) + ε and y = dropout(relu(norm(x))) or x: everything of a GENConv up to the norm of its perceptron, on the CPU as one
/// node of the autograd graph. Of rows it keeps x, the sum and the logarithm of its denominator; y and the product's input are made again. Arguments: x [N, D],
/// the norm's scale and shift or null, t [D], W [F, D], b or null, <see cref="GenConvCall"/>.
/// </summary>
internal sealed class GenConvFunction : autograd.SingleTensorFunction<GenConvFunction>
{
    public override string Name => nameof(GenConvFunction);

    /// <summary>[N, F].</summary>
    public static Tensor Of(Tensor x, TorchSharp.Modules.LayerNorm? norm, Tensor t, Linear linear, GenConvCall call) =>
        apply([x, norm?.weight!, norm?.bias!, t, linear.weight!, linear.bias!, call]);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var call = (GenConvCall)vars[6];
        var (x, t, weight, bias) = ((Tensor)vars[0], (Tensor)vars[3], (Tensor)vars[4], (Tensor?)vars[5]);
        var y = Input(x, (Tensor?)vars[1], (Tensor?)vars[2], call);
        var (sum, logSum) = call.Kernels.Softmax(Messages(y, call), call.Graph, t);
        ctx.save_for_backward([x, (Tensor)vars[1], (Tensor)vars[2], t, weight, sum, logSum]);
        ctx.save_data(nameof(GenConvCall), call);

        using var scope = NewDisposeScope();
        var both = ReferenceEquals(x, y) ? x + sum : y.add_(sum);
        var z = TallProduct.Map(both, weight, bias, empty(both.shape[0], weight.shape[0], both.dtype));
        if (!ReferenceEquals(x, y)) { y.Dispose(); }
        return z.MoveToOuterDisposeScope();
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var call = (GenConvCall)ctx.get_data(nameof(GenConvCall));
        var saved = ctx.get_saved_variables();
        var (x, scale, shift, t, weight, sum) = (saved[0].detach(), saved[1], saved[2], saved[3], saved[4].detach(), saved[5]);
        var y = Input(x, scale, shift, call);
        var (toWeight, toY) = (zeros_like(weight), empty_like(y)); // of y so far what comes by the sum
        using (var both = y + sum) { TallProduct.Backward(g, both, weight, toY, toWeight); }

        var found = call.Kernels.SoftmaxBackward(
            Messages(y, call), call.Graph, t, sum, saved[6], toY, call.Stopped, new Needed(true, default, call.TemperatureNeeded));
        toY.add_(found.Nodes!);
        found.Nodes!.Dispose();
        var bias = call.Biased ? g.sum(dim: 0) : null;
        if (call.Before is null) { return [call.InputNeeded ? toY : null, null, null, found.Parameter, toWeight, bias, null]; }
        if (!ReferenceEquals(x, y)) { y.Dispose(); }
        var (toX, toParameters) = (empty_like(x), zeros(2, x.shape[1], x.dtype));
        call.Before.Backward(x, scale!, shift!, toY, toX, toParameters);
        return [call.InputNeeded ? toX : null, toParameters[0], toParameters[1], found.Parameter, toWeight, bias, null];
    });

    private static Tensor Input(Tensor x, Tensor? scale, Tensor? shift, GenConvCall call)
    {
        if (call.Before is null) { return x; }
        var y = empty_like(x);
        call.Before.Forward(x, scale!, shift!, y);
        return y;
    }

    private static Messages Messages(Tensor y, GenConvCall call) => new(y, null, Rectified: true, call.Epsilon);
}
