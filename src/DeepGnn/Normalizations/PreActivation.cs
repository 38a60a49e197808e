using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using DeepGnn.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Normalizations;

/// <summary>
/// What stands before a convolution: dropout(act(norm(x))). A layer norm over channels with a rectifier is one pass over x, forward and backward,
/// and keeps x alone for the backward pass; other combinations are taken one after the other.
/// Source: He et al., "Identity Mappings in Deep Residual Networks", arXiv 1603.05027 (the order).
/// </summary>
internal static class PreActivation
{
    /// <summary>x is [N, D], so is the result; x itself where there is nothing to do.</summary>
    public static Tensor Of(nn.Module<Tensor, Tensor>? norm, nn.Module<Tensor, Tensor>? act, Tensor x, Graph graph, DropoutMask? mask = null)
    {
        if (Fits(norm, act, x, mask)) { return NormReluFunction.Of((TorchSharp.Modules.LayerNorm)norm!, x, mask); }
        using var scope = NewDisposeScope();
        var h = NodeNormalization.Of(norm, x, graph);
        var activated = act is null ? h : act.call(h);
        if (!ReferenceEquals(h, x) && !ReferenceEquals(h, activated)) { h.Dispose(); }
        var dropped = mask is null ? activated : HashDropout.Apply(activated, mask);
        return ReferenceEquals(dropped, x) ? x : dropped.MoveToOuterDisposeScope();
    }

    /// <summary>Whether it is one pass.</summary>
    public static bool Fits(nn.Module? norm, nn.Module? act, Tensor x, DropoutMask? mask) =>
        norm is TorchSharp.Modules.LayerNorm { weight: { } scale, bias: { } shift }
        && act is ReLU
        && x.device_type == DeviceType.CPU
        && x.dim() == 2
        && scale.dim() == 1
        && scale.dtype == x.dtype
        && shift.dtype == x.dtype
        && (x.dtype == ScalarType.Float32 || (x.dtype == ScalarType.Float64 && mask is null));
}

/// <summary>What the pass needs besides tensors.</summary>
internal sealed record NormReluCall(double Epsilon, DropoutMask? Dropout, bool InputNeeded)
{
    /// <summary>One pass over x.</summary>
    public static NormReluCall Of(TorchSharp.Modules.LayerNorm norm, Tensor x, DropoutMask? mask = null) =>
        new(norm.eps, mask, x.requires_grad);

    /// <summary>Writes y, [N, D] as x; scale and shift are [D].</summary>
    public void Forward(Tensor x, Tensor scale, Tensor shift, Tensor y)
    {
        if (x.dtype == ScalarType.Float64) { new NormReluRows<double>(scale, shift, Epsilon, Dropout).Forward(x, y); }
        else { new NormReluRows<float>(scale, shift, Epsilon, Dropout).Forward(x, y); }
    }

    /// <summary>Writes d loss / d x, which may take the place of g; adds the gradients of scale and shift to [2, D].</summary>
    public void Backward(Tensor x, Tensor scale, Tensor shift, Tensor g, Tensor toX, Tensor toParameters)
    {
        if (x.dtype == ScalarType.Float64) { new NormReluRows<double>(scale, shift, Epsilon, Dropout).Backward(x, g, toX, toParameters); }
        else { new NormReluRows<float>(scale, shift, Epsilon, Dropout).Backward(x, g, toX, toParameters); }
    }
}

/// <summary>Arguments: x [N, D], γ, β, <see cref="NormReluCall"/>. Keeps x, γ and β.</summary>
internal sealed class NormReluFunction : autograd.SingleTensorFunction<NormReluFunction>
{
    public override string Name => nameof(NormReluFunction);

    /// <summary>dropout(relu(norm(x))).</summary>
    public static Tensor Of(TorchSharp.Modules.LayerNorm norm, Tensor x, DropoutMask? mask)
    {
        using var scope = NewDisposeScope();
        return apply(x.contiguous(), norm.weight!, norm.bias!, NormReluCall.Of(norm, x, mask)).MoveToOuterDisposeScope();
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (x, scale, shift, call) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (NormReluCall)vars[3]);
        ctx.save_for_backward([x, scale, shift]);
        ctx.save_data(nameof(NormReluCall), call);
        var y = empty_like(x);
        call.Forward(x, scale, shift, y);
        return y;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var call = (NormReluCall)ctx.get_data(nameof(NormReluCall));
        var saved = ctx.get_saved_variables();
        var (x, scale, shift) = (saved[0], saved[1], saved[2]);
        var (toX, toParameters) = (empty_like(x), zeros(2, x.shape[1], x.dtype));
        call.Backward(x, scale, shift, g, toX, toParameters);
        return [call.InputNeeded ? toX : null, toParameters[0], toParameters[1], null];
    });
}
