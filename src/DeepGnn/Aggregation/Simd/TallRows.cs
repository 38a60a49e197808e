using System.Numerics;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation.Simd;

/// <summary>Products of tall matrices [N, F] with weights [F', F], both widths multiples of a panel: a few rows at a time, which stay in the second-level cache.</summary>
internal static unsafe class TallRows<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>A multiple of the rows of a tile.</summary>
    public const int Together = 48;

    // Sums of pieces of a weight's gradient, all together.
    private const int SumBytes = 8 << 20;

    /// <summary>Whether x and W are such as these kernels take: contiguous numbers of type <typeparamref name="T"/> on the CPU, whole panels wide.</summary>
    public static bool Serves(Tensor x, Tensor weight) => Kernels.AreSimd(x)
        && x.dtype == (typeof(T) == typeof(float) ? ScalarType.Float32 : ScalarType.Float64)
        && weight.dtype == x.dtype
        && x.is_contiguous()
        && weight.is_contiguous()
        && weight.shape[0] % BlockProduct<T>.PanelWidth == 0
        && weight.shape[1] % BlockProduct<T>.PanelWidth == 0;

    /// <summary>Pieces of a pass that sums gradients of a weight of so many values; each has sums of its own.</summary>
    public static int PiecesBack(long values) => (int)Math.Clamp(SumBytes / (values * sizeof(T)), 4, 16);

    /// <summary>y = x Wᵀ + b, or added to y; y is [N, F'].</summary>
    public static void Map(Tensor x, Tensor weight, Tensor? bias, Tensor y, bool add)
    {
        var (inner, width) = ((int)weight.shape[1], (int)weight.shape[0]);
        using var panels = Rows.Scratch<T>(inner * width);
        BlockProduct<T>.Pack(Rows.Of<T>(weight), inner, width, panels.At(0));
        T* from = Rows.Of<T>(x), to = Rows.Of<T>(y), b = Rows.Of<T>(bias), packed = panels.At(0);
        RowWork.Over((int)x.shape[0], inner + width, (_, first, last) =>
        {
            for (var i = first; i < last; i += Together)
            {
                var count = Math.Min(Together, last - i);
                var into = to + ((long)i * width);
                BlockProduct<T>.TimesPacked(from + ((long)i * inner), count, inner, packed, width, into, add);
                for (var r = 0; r < count && b != null; r++) { AddRow(into + ((long)r * width), b, width); }
            }
        });
    }

    /// <summary>From g = d loss / d y: toX = g W, or added to it; and gᵀ x, added to toWeight.</summary>
    public static void Backward(Tensor g, Tensor x, Tensor weight, Tensor? toX, bool add, Tensor? toWeight)
    {
        var (inner, width) = ((int)weight.shape[1], (int)weight.shape[0]);
        using var panels = Rows.Scratch<T>(inner * width);
        BlockProduct<T>.PackRows(Rows.Of<T>(weight), width, inner, panels.At(0));
        var pieces = PiecesBack(weight.numel());
        using var found = toWeight is null ? null : zeros(pieces, width, inner, weight.dtype);
        T* arrived = Rows.Of<T>(g), from = Rows.Of<T>(x), to = Rows.Of<T>(toX), sums = Rows.Of<T>(found), packed = panels.At(0);
        RowWork.Over((int)g.shape[0], inner + width, (piece, first, last) =>
        {
            using var room = Rows.Scratch<T>(Together * inner);
            for (var i = first; i < last; i += Together)
            {
                var count = Math.Min(Together, last - i);
                var rows = arrived + ((long)i * width);
                if (sums != null)
                {
                    BlockProduct<T>.PackRows(from + ((long)i * inner), count, inner, room.At(0));
                    BlockProduct<T>.AddTransposedTimesPacked(rows, width, count, room.At(0), inner, sums + ((long)piece * width * inner));
                }

                if (to != null) { BlockProduct<T>.TimesPacked(rows, count, width, packed, inner, to + ((long)i * inner), add); }
            }
        }, pieces);
        AddPieces(found, toWeight);
    }

    /// <summary>Adds sums of pieces, [P, …], to a gradient of [the rest].</summary>
    public static void AddPieces(Tensor? pieces, Tensor? into)
    {
        if (pieces is null) { return; }
        using var sum = pieces.sum(dim: 0);
        into!.add_(sum);
    }

    /// <summary>row += added, whole vectors.</summary>
    public static void AddRow(T* row, T* added, int width)
    {
        for (var d = 0; d < width; d += Vector256<T>.Count) { (Vector256.Load(row + d) + Vector256.Load(added + d)).Store(row + d); }
    }
}
