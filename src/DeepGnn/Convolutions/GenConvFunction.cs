using DeepGnn.Aggregation;
using DeepGnn.Aggregation.Simd;
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
    EdgeKernels Kernels, Graph Graph, double Epsilon, bool Stopped, NormReluCall? Before, bool Biased, bool InputNeeded, bool TemperatureNeeded)
{
    /// <summary>y from x: x itself where nothing stands before.</summary>
    public Tensor Input(Tensor x, Tensor? scale, Tensor? shift)
    {
        if (Before is null) { return x; }
        var y = empty_like(x);
        Before.Forward(x, scale!, shift!, y);
        return y;
    }

    /// <summary>What nodes send.</summary>
    public Messages Messages(Tensor y) => new(y, null, Rectified: true, Epsilon);
}

/// <summary>Gradients of x, of the norm's scale and shift, [2, D], of t and of W.</summary>
internal readonly record struct GenConvGradients(Tensor X, Tensor? Norm, Tensor? Temperature, Tensor Weight);

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
        var (x, scale, shift, t, weight, bias) = ((Tensor)vars[0], (Tensor?)vars[1], (Tensor?)vars[2], (Tensor)vars[3], (Tensor)vars[4], (Tensor?)vars[5]);
        var (z, sum, logSum, largest) = TallRows<float>.Serves(x, weight) ? new GenConvRows<float>(call, x, scale, shift, t, weight).Forward(bias)
            : TallRows<double>.Serves(x, weight) ? new GenConvRows<double>(call, x, scale, shift, t, weight).Forward(bias)
            : OneByOne(call, x, scale, shift, t, weight, bias);
        ctx.save_for_backward([x, scale!, shift!, t, weight, sum, logSum, largest!]);
        ctx.save_data(nameof(GenConvCall), call);
        return z;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var call = (GenConvCall)ctx.get_data(nameof(GenConvCall));
        var saved = ctx.get_saved_variables();
        var (x, scale, shift, t, weight) = (saved[0].detach(), saved[1], saved[2], saved[3], saved[4].detach());
        var (sum, logSum, largest) = (saved[5], saved[6], saved[7]);
        var found = TallRows<float>.Serves(x, weight) ? new GenConvRows<float>(call, x, scale, shift, t, weight).Backward(g, sum, logSum, largest!)
            : TallRows<double>.Serves(x, weight) ? new GenConvRows<double>(call, x, scale, shift, t, weight).Backward(g, sum, logSum, largest!)
            : OneByOneBack(call, x, scale, shift, t, weight, g, sum, logSum);
        return
        [
            call.InputNeeded ? found.X : null, found.Norm?[0], found.Norm?[1], found.Temperature, found.Weight, call.Biased ? g.sum(dim: 0) : null, null,
        ];
    });

    // For widths that do not fill panels.
    private static (Tensor Z, Tensor Sum, Tensor LogSum, Tensor? Largest) OneByOne(
        GenConvCall call, Tensor x, Tensor? scale, Tensor? shift, Tensor t, Tensor weight, Tensor? bias)
    {
        var y = call.Input(x, scale, shift);
        var (sum, logSum) = call.Kernels.Softmax(call.Messages(y), call.Graph, t);
        using var both = call.Before is null ? x + sum : y.add_(sum);
        return (TallProduct.Map(both, weight, bias, empty(x.shape[0], weight.shape[0], x.dtype)), sum, logSum, null);
    }

    private static GenConvGradients OneByOneBack(
        GenConvCall call, Tensor x, Tensor? scale, Tensor? shift, Tensor t, Tensor weight, Tensor g, Tensor sum, Tensor logSum)
    {
        var y = call.Input(x, scale, shift);
        var (toWeight, toY) = (zeros_like(weight), empty_like(y)); // of y so far what comes by the sum
        using (var both = y + sum) { TallProduct.Backward(g, both, weight, toY, toWeight); }

        var found = call.Kernels.SoftmaxBackward(
            call.Messages(y), call.Graph, t, sum, logSum, toY, call.Stopped, new Needed(true, default, call.TemperatureNeeded));
        toY.add_(found.Nodes!);
        found.Nodes!.Dispose();
        if (call.Before is null) { return new(toY, null, found.Parameter, toWeight); }
        y.Dispose();
        var (toX, toParameters) = (empty_like(x), zeros(2, x.shape[1], x.dtype));
        call.Before.Backward(x, scale!, shift!, toY, toX, toParameters);
        return new(toX, toParameters, found.Parameter, toWeight);
    }
}
