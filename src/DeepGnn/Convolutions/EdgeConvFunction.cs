using System.Numerics;
using DeepGnn.Aggregation;
using DeepGnn.Aggregation.Simd;
using DeepGnn.Graphs;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>What an edge convolution needs besides tensors.</summary>
/// <param name="Graph">N nodes.</param>
/// <param name="Norm">Batch norm, or null.</param>
/// <param name="Trained">Whether its statistics are those of this graph's edges.</param>
/// <param name="Before">Slope below zero of the activation between product and norm (and maximum); 1: none.</param>
/// <param name="After">The same of the activation after the norm.</param>
/// <param name="InputNeeded">Whether x wants a gradient.</param>
internal sealed record EdgeConvCall(Graph Graph, BatchNorm1d? Norm, bool Trained, double Before, double After, bool InputNeeded);

/// <summary>
/// The whole of <see cref="EdgeConv"/> on the CPU as one node of the autograd graph. Arguments: x [N, F], W [F', 2F], b, the norm's scale and shift (null
/// where there is none), <see cref="EdgeConvCall"/>. It keeps x and the statistics [2, F'] alone: the products s and t, as cheap as they are, and the winners are
/// found again in the backward pass.
/// </summary>
internal sealed class EdgeConvFunction : autograd.SingleTensorFunction<EdgeConvFunction>
{
    public override string Name => nameof(EdgeConvFunction);

    public static Tensor Of(Tensor x, Linear linear, EdgeConvCall call)
    {
        using var scope = NewDisposeScope();
        return apply([x.contiguous(), linear.weight!, linear.bias!, call.Norm?.weight!, call.Norm?.bias!, call]).MoveToOuterDisposeScope();
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var call = (EdgeConvCall)vars[5];
        var (x, weight, bias) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor?)vars[2]);
        var moments = call.Norm is null ? null
            : call.Trained ? zeros(2, weight.shape[0], x.dtype)
            : stack([call.Norm.running_mean!, call.Norm.running_var!]);
        ctx.save_for_backward([x, weight, bias!, (Tensor)vars[3], (Tensor)vars[4], moments!]);
        ctx.save_data(nameof(EdgeConvCall), call);

        using var scope = NewDisposeScope();
        var pairs = Products(x, weight, bias);
        var y = empty_like(pairs.Sources);
        var sign = Sign((Tensor?)vars[3], pairs.Sources);
        var asked = call.Trained ? moments : null;
        if (x.dtype == ScalarType.Float64) { new EdgeConvRows<double>(pairs, call.Graph, sign, call.Before).Forward(y, asked); }
        else { new EdgeConvRows<float>(pairs, call.Graph, sign, call.Before).Forward(y, asked); }

        if (call.Norm is not null && call.Trained) { EdgeBatchNorm.Learn(call.Norm, moments!, call.Graph.EdgeCount); }
        Normalized(y, moments, (Tensor?)vars[3], (Tensor?)vars[4], call);
        if (call.Norm is not null && call.Graph.HasIsolated) { y.mul_(call.Graph.HasIncoming(y)); }
        return y.MoveToOuterDisposeScope();
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var call = (EdgeConvCall)ctx.get_data(nameof(EdgeConvCall));
        var saved = ctx.get_saved_variables();
        var step = new EdgeConvBack(call, g, saved[3], saved[4], saved[5]);
        var (x, weight) = (saved[0], saved[1].detach());
        var pairs = Products(x, weight, saved[2]);
        var sign = Sign(saved[3], pairs.Sources);
        var (toSources, toTargets) = x.dtype == ScalarType.Float64
            ? step.Pairs(new EdgeConvRows<double>(pairs, call.Graph, sign, call.Before))
            : step.Pairs(new EdgeConvRows<float>(pairs, call.Graph, sign, call.Before));

        var (ofTargets, ofSources) = Maps(weight);
        var (toOwn, toOther, toX) = (zeros_like(ofTargets), zeros_like(ofSources), call.InputNeeded ? empty_like(x) : null);
        TallProduct.Backward(toSources, x, ofSources, toX, toOther);
        TallProduct.Backward(toTargets, x, ofTargets, toX, toOwn, add: true);
        return
        [
            toX,
            cat([toOwn, toOther - toOwn], dim: 1),
            saved[2] is null ? null : toTargets.sum(dim: 0),
            step.Scale,
            step.Shift,
            null,
        ];
    });

    /// <summary>What comes after the maximum, in place: norm, where there is one, and activation after it.</summary>
    public static Tensor Normalized(Tensor y, Tensor? moments, Tensor? scale, Tensor? shift, EdgeConvCall call)
    {
        if (y.dtype == ScalarType.Float64) { new WinnerRows<double>(call, moments, scale, shift).Forward(y); }
        else { new WinnerRows<float>(call, moments, scale, shift).Forward(y); }
        return y;
    }

    private static Pairs Products(Tensor x, Tensor weight, Tensor? bias)
    {
        var (ofTargets, ofSources) = Maps(weight);
        return new(Product(ofSources, null), Product(ofTargets, bias));

        Tensor Product(Tensor map, Tensor? added) => TallProduct.Map(x, map, added, empty(x.shape[0], map.shape[0], x.dtype));
    }

    // With W = [A, B]: W[x_i, x_j − x_i] = (A − B)x_i + Bx_j.
    private static (Tensor OfTargets, Tensor OfSources) Maps(Tensor weight)
    {
        var channels = weight.shape[1] / 2;
        var other = weight.narrow(1, channels, channels).contiguous();
        return (weight.narrow(1, 0, channels) - other, other);
    }

    private static Tensor Sign(Tensor? scale, Tensor like) =>
        scale is null ? ones(like.shape[1], like.dtype) : where(scale.detach().lt(0), -ones_like(scale), ones_like(scale));
}

/// <summary>The backward pass up to the products.</summary>
internal sealed class EdgeConvBack(EdgeConvCall call, Tensor g, Tensor? scale, Tensor? shift, Tensor? moments)
{
    /// <summary>Gradient of γ, or null.</summary>
    public Tensor? Scale { get; private set; }

    /// <summary>Gradient of β, or null.</summary>
    public Tensor? Shift { get; private set; }

    /// <summary>d loss / d s and d loss / d t.</summary>
    public (Tensor Sources, Tensor Targets) Pairs<T>(EdgeConvRows<T> rows) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (winners, winning) = (empty_like(g), empty(g.shape, typeof(T) == typeof(float) ? int32 : int64));
        var (slopes, products) = call.Trained ? (empty_like(g), empty_like(g)) : (null, null);
        rows.Winners(winners, winning, slopes, products);
        var (arrived, shared) = ToWinners<T>(winners, call.Graph.HasIsolated ? g * call.Graph.HasIncoming(g) : g);
        var toSources = empty_like(g);
        rows.ToSources(arrived, winning, shared, toSources);
        return (toSources, shared is null ? arrived : arrived.addcmul(slopes!, shared[0], 1).addcmul_(products!, shared[1], 1));
    }

    /// <summary>
    /// From the gradient of the results to that of the winners' z, and what each edge has a share of, constant + rate·y: [2, D], or null. With n =
    /// (y − mean)/σ of a winner and g' the gradient that reaches γ·n + β, the norm's gradients are Σ g'n and Σ g'; mean and variance get −γ/σ·Σ g' and
    /// −γ/(2σ²)·Σ g'n.
    /// </summary>
    public (Tensor Arrived, Tensor? Shared) ToWinners<T>(Tensor winners, Tensor arriving) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var rows = new WinnerRows<T>(call, moments, scale, shift);
        var (arrived, sums) = rows.Backward(winners, arriving.contiguous());
        if (call.Norm is null) { return (arrived, null); }
        (Scale, Shift) = (sums[0], sums[1]);
        if (!call.Trained) { return (arrived, null); }
        var (factor, edges) = (rows.Inverse * scale!.detach(), Math.Max(1, call.Graph.EdgeCount));
        var rate = -factor * rows.Inverse * Scale / edges;
        return (arrived, stack([(-factor * Shift / edges).sub_(rate * moments![0]), rate]));
    }
}
