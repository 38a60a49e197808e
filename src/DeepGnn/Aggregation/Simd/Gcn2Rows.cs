using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using DeepGnn.Runtime;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation.Simd;

/// <summary>
/// Layers S = (1 − α)P·dropout(X) + αX_0, Y = S·M, rectified where asked, one after the other: one pass over rows for each, some rows at a time, so that
/// sum, mixture, product, rectifier and the next layer's dropout meet in the nearest cache; one pass back for each likewise. P is given by edge weights.
/// </summary>
/// <param name="call">The layers.</param>
/// <param name="mixed">S of all layers, [L, N, D]; null where it is not kept.</param>
/// <param name="open">What each layer's rectifier and the next one's dropout let through (bytes, [L, N, <see cref="OpenBytes"/>]), or null.</param>
/// <param name="width">D.</param>
internal sealed unsafe class Gcn2Rows<T>(Gcn2Call call, Tensor? mixed, Tensor? open, int width) where T : unmanaged, IFloatingPointIeee754<T>
{
    // 12 KiB of S and as much of Y with 64 channels.
    private const int Together = 48;

    // Each has a matrix of sums of its own.
    private const int PiecesBack = 16;

    private static readonly int s_lanes = Vector256<T>.Count;

    private readonly Graph _graph = call.Graph;
    private readonly T* _edgeWeights = Rows.Of<T>(call.Weights);
    private readonly T* _mixed = Rows.Of<T>(mixed);
    private readonly byte* _open = Rows.Of<byte>(open);
    private readonly int _bytes = OpenBytes(width);

    // Back through a product the gradient carries α, as that of X_0 does, and loses it on the way to X.
    private readonly double _carried = call.Alpha > 0 ? call.Alpha : 1;

    /// <summary>Bytes that say which values of a row were let through: a bit each for whole vectors, a byte each for what is left.</summary>
    public static int OpenBytes(int width) => (width / s_lanes) + (width % s_lanes);

    /// <summary>Writes the last layer's Y, and of all layers what is kept.</summary>
    public void Forward(Tensor x, Tensor initial, Tensor[] weights, Tensor y)
    {
        using var dropped = call.Dropout is null ? null : HashDropoutFunction.Masked(x, call.Dropout[0]);
        using var second = weights.Length > 1 ? empty_like(y) : null;
        using var map = Rows.Scratch<T>(width * width);
        T* first = Rows.Of<T>(initial), from = Rows.Of<T>(dropped ?? x), last = Rows.Of<T>(y), other = Rows.Of<T>(second);
        for (var l = 0; l < weights.Length; l++)
        {
            var to = (weights.Length - l) % 2 == 1 ? last : other;
            Map(weights[l], call.Betas[l], 1, transposed: false, map.At(0));
            Forward(l, from, first, map.At(0), to);
            from = to;
        }
    }

    /// <summary>From G = d loss / d Y of the last layer: writes d loss / d X and d loss / d Θ [L, D, D] and adds to d loss / d X_0, where they are wanted.</summary>
    public void Backward(Tensor g, Tensor[] weights, Tensor? toX, Tensor? toInitial, Tensor? toWeights)
    {
        using var pieces = toWeights is null ? null : zeros(PiecesBack, width, width, g.dtype);
        using var even = empty_like(g);
        using var odd = weights.Length > 1 ? empty_like(g) : null;
        using var map = Rows.Scratch<T>(width * width);
        T* from = Rows.Of<T>(g), sums = Rows.Of<T>(pieces);
        for (var l = weights.Length - 1; l >= 0; l--)
        {
            var to = Rows.Of<T>(l % 2 == 0 ? even : odd);
            Map(weights[l], call.Betas[l], _carried, transposed: true, map.At(0));
            Backward(l, from, map.At(0), to, Rows.Of<T>(toInitial), sums);
            if (sums != null) { Add(sums, T.CreateChecked(call.Betas[l]), Rows.Of<T>(toWeights) + ((long)l * width * width)); }
            from = to;
        }

        if (toX is null) { return; }
        var gather = new GatherRows<T>(from, width, _edgeWeights);
        var input = Rows.Of<T>(toX);
        RowWork.Run(_graph.Outgoing, width, (_, begin, end) =>
        {
            for (var j = begin; j < end; j++)
            {
                var at = (long)j * width;
                gather.Sum(_graph.Outgoing, j, input + at);
                SumRows<T>.Scale(input + at, T.CreateChecked((1 - call.Alpha) / _carried), width);
                if (call.Dropout is not null) { HashDropoutFunction.Mask((float*)(input + at), (float*)(input + at), at, width, call.Dropout[0]); }
            }
        });
    }

    private void Forward(int l, T* x, T* first, T* map, T* y)
    {
        var (incoming, gather) = (_graph.Incoming, new GatherRows<T>(x, width, _edgeWeights));
        var kept = Mixed(l);
        var let = Open(l);
        var next = call.Dropout is { } masks && l + 1 < masks.Length ? masks[l + 1] : null;
        RowWork.Run(incoming, 2 * width, (_, begin, end) =>
        {
            using var scratch = Rows.Scratch<T>(Together * width);
            using var unread = Rows.Scratch<byte>(_bytes);
            for (var i = begin; i < end; i += Together)
            {
                var (count, at) = (Math.Min(Together, end - i), (long)i * width);
                var s = kept == null ? scratch.At(0) : kept + at;
                for (var r = 0; r < count; r++)
                {
                    gather.Sum(incoming, i + r, s + (r * width));
                    Mix(s + (r * width), first + at + (r * width));
                }

                BlockProduct<T>.Times(s, count, width, map, width, y + at);
                // Before the rectifier, which then notes both: the pass back asks for no hash.
                if (next is not null) { HashDropoutFunction.Mask((float*)(y + at), (float*)(y + at), at, (long)count * width, next); }
                for (var r = 0; r < count && call.Rectified; r++)
                {
                    Rectify(y + at + (r * width), let == null ? unread.At(0) : let + ((long)(i + r) * _bytes));
                }
            }
        });
    }

    // What arrives is G of the last layer, or what the layer after this one sent.
    private void Backward(int l, T* arriving, T* map, T* sent, T* toInitial, T* sums)
    {
        var (outgoing, gather) = (_graph.Outgoing, new GatherRows<T>(arriving, width, _edgeWeights));
        var isLast = l == call.Betas.Length - 1;
        var factor = isLast ? T.One : T.CreateChecked((1 - call.Alpha) / _carried / (1 - (call.Dropout?[l + 1].P ?? 0)));
        var s = Mixed(l);
        var let = Open(l);
        RowWork.Run(outgoing, 2 * width, (piece, begin, end) =>
        {
            using var scratch = Rows.Scratch<T>(Together * width);
            T* g = scratch.At(0), sum = sums == null ? null : sums + ((long)piece * width * width);
            if (sum != null) { new Span<T>(sum, width * width).Clear(); }
            for (var i = begin; i < end; i += Together)
            {
                var (count, at) = (Math.Min(Together, end - i), (long)i * width);
                for (var r = 0; r < count; r++)
                {
                    var row = g + (r * width);
                    if (isLast) { new ReadOnlySpan<T>(arriving + at + (r * width), width).CopyTo(new Span<T>(row, width)); }
                    else { gather.Sum(outgoing, i + r, row); }
                    if (let != null) { Pass(row, let + ((long)(i + r) * _bytes), factor); }
                }

                if (sum != null) { BlockProduct<T>.AddTransposedTimes(s + at, width, count, g, width, sum); }
                BlockProduct<T>.Times(g, count, width, map, width, sent + at);
                if (toInitial != null) { SumRows<T>.Add(sent + at, toInitial + at, count * width); }
            }
        }, PiecesBack);
    }

    // Of all pieces, in their order.
    private void Add(T* sums, T factor, T* into) => RowWork.Over(width, PiecesBack * width, (_, begin, end) =>
    {
        for (var d = begin * width; d < end * width; d += Vector<T>.Count)
        {
            var (count, sum) = ((end * width) - d, Vector<T>.Zero);
            for (var piece = 0; piece < PiecesBack; piece++) { sum += Lanes.Load(sums + ((long)piece * width * width) + d, count); }
            Lanes.Store(sum * factor, into + d, count);
        }
    });

    private T* Mixed(int l) => _mixed == null ? null : _mixed + ((long)l * _graph.NodeCount * width);

    private byte* Open(int l) => _open == null ? null : _open + ((long)l * _graph.NodeCount * _bytes);

    // (1 − β)S + βSΘ = S((1 − β)I + βΘ): the sum is taken of D×D matrices instead of N×D ones.
    private void Map(Tensor weight, double beta, double scale, bool transposed, T* into)
    {
        var from = Rows.Of<T>(weight);
        var (factor, own) = (T.CreateChecked(beta * scale), T.CreateChecked((1 - beta) * scale));
        for (var i = 0; i < width; i++)
        {
            for (var j = 0; j < width; j++) { into[(i * width) + j] = factor * (transposed ? from[(j * width) + i] : from[(i * width) + j]); }
            into[(i * width) + i] += own;
        }
    }

    private void Mix(T* s, T* first)
    {
        var (own, others) = (new Vector<T>(T.CreateChecked(call.Alpha)), new Vector<T>(T.CreateChecked(1 - call.Alpha)));
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

    private void Pass(T* g, byte* open, T factor)
    {
        var (d, all) = (0, Vector256.Create(factor));
        for (; d + s_lanes <= width; d += s_lanes, open++) { (all * (Vector256.Load(g + d) & Whole(*open))).Store(g + d); }
        for (; d < width; d++, open++) { g[d] = *open == 0 ? T.Zero : factor * g[d]; }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<T> Whole(byte bits)
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
