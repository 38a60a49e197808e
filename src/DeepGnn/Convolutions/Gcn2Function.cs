using System.Numerics;
using DeepGnn.Aggregation;
using DeepGnn.Aggregation.Simd;
using DeepGnn.Graphs;
using DeepGnn.Runtime;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>What a GCNII layer needs besides tensors.</summary>
/// <param name="Graph">N nodes, with self-loops where they were asked for.</param>
/// <param name="Weights">Of its edges, constants; null: all 1.</param>
/// <param name="Alpha">α.</param>
/// <param name="Beta">β.</param>
/// <param name="Dropout">What of x is dropped before, or null.</param>
/// <param name="Rectified">Whether the result is.</param>
/// <param name="Needed">Who wants a gradient; all false where none is recorded.</param>
internal sealed record Gcn2Call(
    Graph Graph, Tensor? Weights, double Alpha, double Beta, DropoutMask? Dropout, bool Rectified, (bool X, bool Initial, bool Weight) Needed)
{
    public bool Recorded => Needed.X || Needed.Initial || Needed.Weight;
}

/// <summary>
/// relu(S((1 − β)I + βΘ)) with S = (1 − α)P·dropout(x) + αX_0 on the CPU as one node of the autograd graph, two passes over rows forward and two
/// back. It keeps S and a bit for each value of the result. Arguments: x and X_0 [N, D], Θ [D, D], <see cref="Gcn2Call"/>.
/// </summary>
internal sealed unsafe class Gcn2Function : autograd.SingleTensorFunction<Gcn2Function>
{
    public override string Name => nameof(Gcn2Function);

    /// <summary>Whether kernels of ours have all that it takes.</summary>
    public static bool Fits(Tensor x, Tensor initial, Tensor weight, Tensor? edgeWeights, DropoutMask? dropout) =>
        Kernels.AreSimd(x)
        && initial.dtype == x.dtype
        && weight.dtype == x.dtype
        && (edgeWeights is null || (edgeWeights.dtype == x.dtype && !edgeWeights.requires_grad))
        && (dropout is null || x.dtype == ScalarType.Float32);

    /// <summary>[N, D].</summary>
    public static Tensor Of(Tensor x, Tensor initial, Tensor weight, Gcn2Call call) => apply(x, initial, weight, call);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (x, initial, weight, call) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (Gcn2Call)vars[3]);
        var y = empty_like(x);
        var mixed = call.Recorded ? empty_like(x) : null;
        var bytes = x.dtype == ScalarType.Float32 ? Gcn2Rows<float>.OpenBytes((int)x.shape[1]) : Gcn2Rows<double>.OpenBytes((int)x.shape[1]);
        var open = call.Recorded && call.Rectified ? empty(x.shape[0], bytes, uint8) : null;
        using var dropped = call.Dropout is null ? null : HashDropoutFunction.Masked(x, call.Dropout);
        if (x.dtype == ScalarType.Float32) { Forward<float>(dropped ?? x, initial, weight, call, y, mixed, open); }
        else { Forward<double>(dropped ?? x, initial, weight, call, y, mixed, open); }
        // The weights too: a thinned graph lets go of its own after the forward pass.
        ctx.save_for_backward([weight, mixed!, open!, call.Weights!]);
        ctx.save_data(nameof(Gcn2Call), call);
        return y;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var saved = ctx.get_saved_variables();
        var call = (Gcn2Call)ctx.get_data(nameof(Gcn2Call)) with { Weights = saved[3] };
        return g.dtype == ScalarType.Float32
            ? Backward<float>(g, saved[0], saved[1], saved[2], call)
            : Backward<double>(g, saved[0], saved[1], saved[2], call);
    });

    private static void Forward<T>(Tensor x, Tensor initial, Tensor weight, Gcn2Call call, Tensor y, Tensor? mixed, Tensor? open)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var width = (int)x.shape[1];
        using var map = Rows.Scratch<T>(width * width);
        Map(weight, call.Beta, 1, transposed: false, map.At(0));
        new Gcn2Rows<T>(call.Graph, call.Weights, call.Alpha, width).Forward(x, initial, map.At(0), call.Rectified, y, mixed, open);
    }

    // With R = G·Mᵀ: d loss / d X_0 = αR and d loss / d X = (1 − α)Pᵀ·R, which is (1 − α)/α·Pᵀ of the former.
    private static Tensor?[] Backward<T>(Tensor g, Tensor weight, Tensor mixed, Tensor? open, Gcn2Call call)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var width = (int)g.shape[1];
        var scale = call.Alpha > 0 ? call.Alpha : 1;
        var sent = empty_like(g);
        var toWeight = call.Needed.Weight ? zeros_like(weight) : null;
        var rows = new Gcn2Rows<T>(call.Graph, call.Weights, call.Alpha, width);
        using (var back = Rows.Scratch<T>(width * width))
        {
            Map(weight, call.Beta, scale, transposed: true, back.At(0));
            rows.ToMixed(g, mixed, open, back.At(0), sent, toWeight);
        }

        toWeight?.mul_(call.Beta);
        var toX = call.Needed.X ? empty_like(g) : null;
        if (toX is not null) { rows.ToInput(sent, T.CreateChecked((1 - call.Alpha) / scale), call.Dropout, toX); }
        return [toX, call.Needed.Initial && call.Alpha > 0 ? sent : null, toWeight, null];
    }

    // (1 − β)S + βSΘ = S((1 − β)I + βΘ): the sum is taken of D×D matrices instead of N×D ones.
    private static void Map<T>(Tensor weight, double beta, double scale, bool transposed, T* into) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var width = (int)weight.shape[0];
        var from = Rows.Of<T>(weight);
        var (factor, own) = (T.CreateChecked(beta * scale), T.CreateChecked((1 - beta) * scale));
        for (var i = 0; i < width; i++)
        {
            for (var j = 0; j < width; j++) { into[(i * width) + j] = factor * (transposed ? from[(j * width) + i] : from[(i * width) + j]); }
            into[(i * width) + i] += own;
        }
    }
}
