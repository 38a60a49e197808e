using System.Numerics;
using DeepGnn.Aggregation.Simd;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>
/// S W_lᵀ + x W_rᵀ + b with S the (weighted) sums or the means of neighbours, a few rows at a time: sums and products meet in the nearest caches, and of rows nothing but
/// the result is written. W_l and W_r are [F, F] of whole panels; W_r and b may be null.
/// </summary>
internal sealed unsafe class MappedSumRows<T>(MappedSumCall call, Tensor neighborWeight, Tensor? ownWeight) where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int Together = TallRows<T>.Together;

    private readonly int _width = (int)neighborWeight.shape[0];

    /// <summary>Writes the result, [N, F].</summary>
    public void Forward(Tensor x, Tensor? bias, Tensor y)
    {
        var (width, square) = (_width, _width * _width);
        using var panels = Rows.Scratch<T>(2 * square);
        T* ofNeighbors = panels.At(0), ofOwn = ownWeight is null ? null : panels.At(square);
        BlockProduct<T>.Pack(Rows.Of<T>(neighborWeight), width, width, ofNeighbors);
        if (ofOwn != null) { BlockProduct<T>.Pack(Rows.Of<T>(ownWeight), width, width, ofOwn); }
        T* from = Rows.Of<T>(x), to = Rows.Of<T>(y), b = Rows.Of<T>(bias);
        var (incoming, gather) = (call.Graph.Incoming, new GatherRows<T>(from, width, Rows.Of<T>(call.Weights)));
        RowWork.Run(incoming, width, (_, first, last) =>
        {
            using var sums = Rows.Scratch<T>(Together * width);
            for (var i = first; i < last; i += Together)
            {
                var (count, at) = (Math.Min(Together, last - i), (long)i * width);
                for (var r = 0; r < count; r++)
                {
                    var sum = sums.At(r * width);
                    gather.Sum(incoming, i + r, sum);
                    if (call.Mean && incoming.Degree(i + r) > 1) { SumRows<T>.Scale(sum, T.One / T.CreateChecked(incoming.Degree(i + r)), width); }
                }

                BlockProduct<T>.TimesPacked(sums.At(0), count, width, ofNeighbors, width, to + at);
                if (ofOwn != null) { BlockProduct<T>.TimesPacked(from + at, count, width, ofOwn, width, to + at, add: true); }
                for (var r = 0; r < count && b != null; r++) { TallRows<T>.AddRow(to + at + (r * width), b, width); }
            }
        });
    }

    /// <summary>
    /// From g = d loss / d y, with R = Aᵀ g: writes R W_l + g W_r to <paramref name="toX"/>, and adds Rᵀ x, gᵀ x and the sum of g to the gradients of W_l, W_r and b.
    /// Any of them but W_l's may be null.
    /// </summary>
    public void Backward(Tensor g, Tensor x, Tensor? toX, Tensor toNeighborWeight, Tensor? toOwnWeight, Tensor? toBias)
    {
        var (width, square) = (_width, _width * _width);
        using var panels = Rows.Scratch<T>(2 * square);
        T* ofNeighbors = panels.At(0), ofOwn = ownWeight is null ? null : panels.At(square);
        BlockProduct<T>.PackRows(Rows.Of<T>(neighborWeight), width, width, ofNeighbors);
        if (ofOwn != null) { BlockProduct<T>.PackRows(Rows.Of<T>(ownWeight), width, width, ofOwn); }
        var pieces = TallRows<T>.PiecesBack(2L * square);
        using var found = zeros(pieces, (2 * square) + width, g.dtype); // d W_l, d W_r, d b
        T* arrived = Rows.Of<T>(g), from = Rows.Of<T>(x), to = Rows.Of<T>(toX), all = Rows.Of<T>(found);
        var gather = new GatherRows<T>(arrived, width, Rows.Of<T>(call.Weights), call.Mean ? Rows.Of<T>(call.Graph.InverseDegrees(g)) : null);
        var outgoing = call.Graph.Outgoing;
        RowWork.Run(outgoing, width, (piece, first, last) =>
        {
            using var spread = Rows.Scratch<T>(Together * width);
            using var inputs = Rows.Scratch<T>(Together * width);
            var sums = all + ((long)piece * ((2 * square) + width));
            for (var j = first; j < last; j += Together)
            {
                var (count, at) = (Math.Min(Together, last - j), (long)j * width);
                for (var r = 0; r < count; r++) { gather.Sum(outgoing, j + r, spread.At(r * width)); }
                BlockProduct<T>.PackRows(from + at, count, width, inputs.At(0));
                BlockProduct<T>.AddTransposedTimesPacked(spread.At(0), width, count, inputs.At(0), width, sums);
                if (ofOwn != null) { BlockProduct<T>.AddTransposedTimesPacked(arrived + at, width, count, inputs.At(0), width, sums + square); }
                for (var r = 0; r < count; r++) { TallRows<T>.AddRow(sums + (2 * square), arrived + at + (r * width), width); }
                if (to == null) { continue; }
                BlockProduct<T>.TimesPacked(spread.At(0), count, width, ofNeighbors, width, to + at);
                if (ofOwn != null) { BlockProduct<T>.TimesPacked(arrived + at, count, width, ofOwn, width, to + at, add: true); }
            }
        }, pieces);
        using var sum = found.sum(dim: 0);
        toNeighborWeight.add_(sum.narrow(0, 0, square).view(width, width));
        toOwnWeight?.add_(sum.narrow(0, square, square).view(width, width));
        toBias?.add_(sum.narrow(0, 2 * square, width));
    }
}
