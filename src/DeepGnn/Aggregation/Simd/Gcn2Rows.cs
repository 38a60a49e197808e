using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using DeepGnn.Graphs;
using DeepGnn.Runtime;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation.Simd;

/// <summary>
/// S = (1 − α)PX + αX_0 and Y = S·M, rectified where asked, some rows at a time, so that sum, mixture, product and rectifier meet in the nearest
/// cache. P is given by edge weights.
/// </summary>
internal sealed unsafe class Gcn2Rows<T>(Graph graph, Tensor? weights, double alpha, int width) where T : unmanaged, IFloatingPointIeee754<T>
{
    // 12 KiB of S and as much of Y with 64 channels.
    private const int Together = 48;

    // Each has a matrix of sums of its own.
    private const int PiecesBack = 16;

    private static readonly int s_lanes = Vector256<T>.Count;

    /// <summary>Bytes that say which values of a row the rectifier let through: a bit each for whole vectors, a byte each for what is left.</summary>
    public static int OpenBytes(int width) => (width / s_lanes) + (width % s_lanes);

    /// <summary>Writes Y, and S and what the rectifier let through (bytes, [N, <see cref="OpenBytes"/>]) where they are wanted.</summary>
    public void Forward(Tensor x, Tensor initial, T* map, bool rectified, Tensor y, Tensor? mixed, Tensor? open)
    {
        var gather = new GatherRows<T>(Rows.Of<T>(x), width, Rows.Of<T>(weights));
        T* first = Rows.Of<T>(initial), result = Rows.Of<T>(y), kept = Rows.Of<T>(mixed);
        var let = Rows.Of<byte>(open);
        var (incoming, bytes) = (graph.Incoming, OpenBytes(width));
        RowWork.Run(incoming, 2 * width, (_, begin, end) =>
        {
            using var scratch = Rows.Scratch<T>(Together * width);
            using var unread = Rows.Scratch<byte>(bytes);
            for (var i = begin; i < end; i += Together)
            {
                var (count, at) = (Math.Min(Together, end - i), (long)i * width);
                var s = kept == null ? scratch.At(0) : kept + at;
                for (var r = 0; r < count; r++)
                {
                    gather.Sum(incoming, i + r, s + (r * width));
                    Mix(s + (r * width), first + at + (r * width));
                }

                BlockProduct<T>.Times(s, count, width, map, width, result + at);
                for (var r = 0; r < count && rectified; r++)
                {
                    Rectify(result + at + (r * width), let == null ? unread.At(0) : let + ((long)(i + r) * bytes));
                }
            }
        });
    }

    /// <summary>
    /// From G = d loss / d Y: writes G masked by the rectifier times <paramref name="back"/>, [N, D], and adds Sᵀ G to [D, D].
    /// </summary>
    public void ToMixed(Tensor g, Tensor mixed, Tensor? open, T* back, Tensor sent, Tensor? toMap)
    {
        using var pieces = toMap is null ? null : zeros(PiecesBack, width, width, g.dtype);
        T* from = Rows.Of<T>(g), s = Rows.Of<T>(mixed), to = Rows.Of<T>(sent), sums = Rows.Of<T>(pieces);
        var let = Rows.Of<byte>(open);
        var bytes = OpenBytes(width);
        RowWork.Over((int)g.shape[0], 2 * width, (piece, begin, end) =>
        {
            using var scratch = Rows.Scratch<T>(Together * width);
            for (var i = begin; i < end; i += Together)
            {
                var (count, at) = (Math.Min(Together, end - i), (long)i * width);
                var arrived = from + at;
                if (let != null)
                {
                    arrived = scratch.At(0);
                    for (var r = 0; r < count; r++) { Pass(from + at + (r * width), let + ((long)(i + r) * bytes), arrived + (r * width)); }
                }

                if (sums != null) { BlockProduct<T>.AddTransposedTimes(s + at, width, count, arrived, width, sums + ((long)piece * width * width)); }
                BlockProduct<T>.Times(arrived, count, width, back, width, to + at);
            }
        }, PiecesBack);
        if (toMap is null) { return; }
        using var sum = pieces!.sum(dim: 0);
        toMap.add_(sum);
    }

    /// <summary>Writes <paramref name="factor"/>·Pᵀ·sent, dropped again as X was.</summary>
    public void ToInput(Tensor sent, T factor, DropoutMask? dropout, Tensor toX)
    {
        var gather = new GatherRows<T>(Rows.Of<T>(sent), width, Rows.Of<T>(weights));
        var outgoing = graph.Outgoing;
        var to = Rows.Of<T>(toX);
        RowWork.Run(outgoing, width, (_, begin, end) =>
        {
            for (var j = begin; j < end; j++)
            {
                var row = to + ((long)j * width);
                gather.Sum(outgoing, j, row);
                SumRows<T>.Scale(row, factor, width);
                if (dropout is not null) { HashDropoutFunction.Mask((float*)row, (float*)row, (long)j * width, width, dropout); }
            }
        });
    }

    private void Mix(T* s, T* first)
    {
        var (own, others) = (new Vector<T>(T.CreateChecked(alpha)), new Vector<T>(T.CreateChecked(1 - alpha)));
        for (var d = 0; d < width; d += Vector<T>.Count)
        {
            var count = width - d;
            Lanes.Store((others * Lanes.Load(s + d, count)) + (own * Lanes.Load(first + d, count)), s + d, count);
        }
    }

    // Not a number stays, and so does its gradient.
    private void Rectify(T* y, byte* open)
    {
        var d = 0;
        for (; d + s_lanes <= width; d += s_lanes, open++)
        {
            var z = Vector256.Load(y + d);
            var shut = Vector256.LessThanOrEqual(z, Vector256<T>.Zero);
            *open = (byte)~shut.ExtractMostSignificantBits();
            Vector256.AndNot(z, shut).Store(y + d);
        }

        for (; d < width; d++, open++)
        {
            *open = y[d] <= T.Zero ? (byte)0 : (byte)1;
            if (*open == 0) { y[d] = T.Zero; }
        }
    }

    private void Pass(T* g, byte* open, T* into)
    {
        var d = 0;
        for (; d + s_lanes <= width; d += s_lanes, open++) { (Vector256.Load(g + d) & Open(*open)).Store(into + d); }
        for (; d < width; d++, open++) { into[d] = *open == 0 ? T.Zero : g[d]; }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<T> Open(byte bits)
    {
        if (typeof(T) == typeof(float))
        {
            var each = Vector256.Create(1, 2, 4, 8, 16, 32, 64, 128);
            return Vector256.Equals(Vector256.Create((int)bits) & each, each).As<int, T>();
        }

        var four = Vector256.Create(1L, 2, 4, 8);
        return Vector256.Equals(Vector256.Create((long)bits) & four, four).As<long, T>();
    }
}
