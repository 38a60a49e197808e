using System.Numerics;
using DeepGnn.Aggregation.Simd;
using DeepGnn.Normalizations;
using DeepGnn.Runtime;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>
/// <see cref="GenConvFunction"/> a few rows at a time: sums over edges meet the product they are for in the nearest caches, and what goes back through it
/// the sums it is for. D and F are whole panels.
/// </summary>
internal sealed unsafe class GenConvRows<T>(GenConvCall call, Tensor x, Tensor? scale, Tensor? shift, Tensor t, Tensor weight)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int Together = TallRows<T>.Together;

    private readonly NormReluRows<T>? _norm = call.Before is { } before ? new(scale!, shift!, before.Epsilon, before.Dropout) : null;
    private readonly int _inner = (int)weight.shape[1];
    private readonly int _width = (int)weight.shape[0];

    /// <summary>z = W(y + sum) + b, the sum over edges, the logarithm of its denominator and each channel's largest t·m, [D].</summary>
    public (Tensor Z, Tensor Sum, Tensor LogSum, Tensor? Largest) Forward(Tensor? bias)
    {
        var (inner, width) = (_inner, _width);
        var y = call.Input(x, scale, shift);
        var messages = call.Messages(y);
        var (z, sum, logSum, largest) = (empty(x.shape[0], width, x.dtype), empty_like(x), empty_like(x), SourceSoftmaxRows<T>.Largest(messages, t));
        using var panels = Rows.Scratch<T>(inner * width);
        BlockProduct<T>.Pack(Rows.Of<T>(weight), inner, width, panels.At(0));
        T* own = Rows.Of<T>(y), sums = Rows.Of<T>(sum), to = Rows.Of<T>(z), b = Rows.Of<T>(bias), packed = panels.At(0);
        new SourceSoftmaxRows<T>(messages, call.Graph, t, largest).Forward(sum, logSum, (first, count) =>
        {
            using var both = Rows.Scratch<T>(Together * inner);
            Both(own, sums, (long)first * inner, count * inner, both.At(0));
            var into = to + ((long)first * width);
            BlockProduct<T>.TimesPacked(both.At(0), count, inner, packed, width, into);
            for (var r = 0; r < count && b != null; r++) { TallRows<T>.AddRow(into + ((long)r * width), b, width); }
        });
        if (call.Before is not null) { y.Dispose(); }
        return (z, sum, logSum, largest);
    }

    /// <summary>From g = d loss / d z.</summary>
    public GenConvGradients Backward(Tensor g, Tensor sum, Tensor logSum, Tensor largest)
    {
        // Where the gradient of x will lie is first what y gets beside the edges, then all that y gets.
        var (toX, toWeight, norm, dropout, inner) = (empty_like(x), zeros_like(weight), _norm, call.Before?.Dropout, _inner);
        using var made = norm is null ? null : empty_like(x);
        var softmax = new SourceSoftmaxRows<T>(call.Messages(made ?? x), call.Graph, t, largest);
        using var arriving = softmax.Arriving();
        var hard = ByProduct(g, softmax, sum, logSum, made, toX, arriving, toWeight);
        using var ofT = call.TemperatureNeeded ? zeros(RowWork.Pieces, inner, x.dtype) : null;
        using var ofNorm = zeros(RowWork.Pieces, 2, inner, x.dtype);
        T* from = Rows.Of<T>(x), to = Rows.Of<T>(toX), normSums = Rows.Of<T>(ofNorm);
        softmax.Backward(arriving, hard, sum, logSum, toX, call.Stopped, toX, ofT, norm is null ? null : (piece, j) =>
        {
            var at = (long)j * inner;
            if (dropout is not null) { HashDropoutFunction.Mask((float*)(to + at), (float*)(to + at), at, inner, dropout); }
            norm.RowBack(from + at, norm.Statistics(from + at), to + at, to + at, normSums + ((long)piece * 2 * inner));
        });
        return new(toX, norm is null ? null : ofNorm.sum(dim: 0), ofT?.sum(dim: 0), toWeight);
    }

    // Through the product: toY = g W, what arrives at the sums from it, and the gradient of W. y is made again.
    private bool[] ByProduct(
        Tensor g, SourceSoftmaxRows<T> softmax, Tensor sum, Tensor logSum, Tensor? made, Tensor toY, Tensor arriving, Tensor toWeight)
    {
        var (norm, rowCount, inner, width) = (_norm, (int)x.shape[0], _inner, _width);
        using var panels = Rows.Scratch<T>(inner * width);
        BlockProduct<T>.PackRows(Rows.Of<T>(weight), width, inner, panels.At(0));
        var pieces = TallRows<T>.PiecesBack(weight.numel());
        using var ofWeight = zeros(pieces, width, inner, weight.dtype);
        T* arrived = Rows.Of<T>(g), sums = Rows.Of<T>(sum), logs = Rows.Of<T>(logSum), packed = panels.At(0);
        T* from = Rows.Of<T>(x), y = Rows.Of<T>(made ?? x), to = Rows.Of<T>(toY), toEdges = Rows.Of<T>(arriving), weightSums = Rows.Of<T>(ofWeight);
        var hard = new bool[rowCount];
        RowWork.Over(rowCount, inner + width, (piece, first, last) =>
        {
            using var both = Rows.Scratch<T>(Together * inner);
            using var turned = Rows.Scratch<T>(Together * inner);
            for (var i = first; i < last; i += Together)
            {
                var (count, at) = (Math.Min(Together, last - i), (long)i * inner);
                var rows = arrived + ((long)i * width);
                for (var r = 0; r < count && norm is not null; r++) { norm.Row(from + at + (r * inner), y + at + (r * inner), i + r); }
                Both(y, sums, at, count * inner, both.At(0));
                BlockProduct<T>.PackRows(both.At(0), count, inner, turned.At(0));
                BlockProduct<T>.AddTransposedTimesPacked(rows, width, count, turned.At(0), inner, weightSums + ((long)piece * width * inner));
                BlockProduct<T>.TimesPacked(rows, count, width, packed, inner, to + at);
                for (var r = 0; r < count; r++, at += inner) { hard[i + r] = softmax.Arrive(i + r, sums + at, logs + at, to + at, toEdges); }
            }
        }, pieces);
        TallRows<T>.AddPieces(ofWeight, toWeight);
        return hard;
    }

    // y + sum.
    private static void Both(T* y, T* sum, long from, int values, T* into)
    {
        for (var d = 0; d < values; d += Vector<T>.Count) { (Vector.Load(y + from + d) + Vector.Load(sum + from + d)).Store(into + d); }
    }
}
