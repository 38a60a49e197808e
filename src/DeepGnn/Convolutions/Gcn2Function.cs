using System.Numerics;
using DeepGnn.Aggregation;
using DeepGnn.Aggregation.Simd;
using DeepGnn.Graphs;
using DeepGnn.Runtime;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>What GCNII layers need besides tensors.</summary>
/// <param name="Graph">N nodes, with self-loops where they were asked for.</param>
/// <param name="Weights">Of its edges, constants; null: all 1.</param>
/// <param name="Alpha">α.</param>
/// <param name="Betas">β of each layer.</param>
/// <param name="Dropout">What of each layer's input is dropped before, or null.</param>
/// <param name="Rectified">Whether the results are.</param>
/// <param name="Needed">Who wants a gradient; all false where none is recorded.</param>
internal sealed record Gcn2Call(
    Graph Graph, Tensor? Weights, double Alpha, double[] Betas, DropoutMask[]? Dropout, bool Rectified, (bool X, bool Initial, bool Maps) Needed)
{
    public bool Recorded => Needed.X || Needed.Initial || Needed.Maps;
}

/// <summary>
/// x ← relu(S((1 − β)I + βΘ)) with S = (1 − α)P·dropout(x) + αX_0 for each layer, on the CPU, as one node of the autograd graph without a call of libtorch
/// for a layer. It keeps each layer's S and a bit for each value of its result. Arguments: x and X_0 [N, D], <see cref="Gcn2Call"/>, then Θ [D, D] of
/// each layer.
/// </summary>
internal sealed class Gcn2Function : autograd.SingleTensorFunction<Gcn2Function>
{
    public override string Name => nameof(Gcn2Function);

    /// <summary>Whether kernels of ours have all that it takes.</summary>
    public static bool Fits(Tensor x, Tensor initial, Tensor[] maps, Gcn2Call call) =>
        Kernels.AreSimd(x)
        && initial.dtype == x.dtype
        && maps.All(map => map.dtype == x.dtype)
        && (call.Weights is null || (call.Weights.dtype == x.dtype && !call.Weights.requires_grad))
        && (call.Dropout is null || x.dtype == ScalarType.Float32);

    /// <summary>[N, D].</summary>
    public static Tensor Of(Tensor x, Tensor initial, Tensor[] maps, Gcn2Call call) => apply([x, initial, call, .. maps]);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (x, initial, call) = ((Tensor)vars[0], (Tensor)vars[1], (Gcn2Call)vars[2]);
        Tensor[] maps = [.. vars.Skip(3).Cast<Tensor>()];
        var (nodes, width) = (x.shape[0], x.shape[1]);
        var y = empty_like(x);
        var mixed = call.Recorded ? empty([maps.Length, nodes, width], x.dtype) : null;
        var bytes = x.dtype == ScalarType.Float32 ? Gcn2Rows<float>.OpenBytes((int)width) : Gcn2Rows<double>.OpenBytes((int)width);
        var open = call.Recorded && call.Rectified ? empty([maps.Length, nodes, bytes], uint8) : null;
        if (x.dtype == ScalarType.Float32) { new Gcn2Rows<float>(call, mixed, open, (int)width).Forward(x, initial, maps, y); }
        else { new Gcn2Rows<double>(call, mixed, open, (int)width).Forward(x, initial, maps, y); }
        // The edge weights too: a thinned graph lets go of its own after the forward pass.
        ctx.save_for_backward([mixed!, open!, call.Weights!, .. maps]);
        ctx.save_data(nameof(Gcn2Call), call);
        return y;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var saved = ctx.get_saved_variables();
        var call = (Gcn2Call)ctx.get_data(nameof(Gcn2Call)) with { Weights = saved[2] };
        return g.dtype == ScalarType.Float32 ? Backward<float>(g, saved, call) : Backward<double>(g, saved, call);
    });

    private static Tensor?[] Backward<T>(Tensor g, List<Tensor> saved, Gcn2Call call) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var width = g.shape[1];
        Tensor[] maps = [.. saved.Skip(3)];
        var toX = call.Needed.X ? empty_like(g) : null;
        var toInitial = call.Needed.Initial && call.Alpha > 0 ? zeros_like(g) : null;
        var toMaps = call.Needed.Maps ? empty([maps.Length, width, width], g.dtype) : null;
        new Gcn2Rows<T>(call, saved[0], saved[1], (int)width).Backward(g, maps, toX, toInitial, toMaps);
        return [toX, toInitial, null, .. toMaps?.unbind() ?? new Tensor?[maps.Length]];
    }
}
