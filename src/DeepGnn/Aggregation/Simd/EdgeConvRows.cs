using System.Numerics;
using System.Runtime.CompilerServices;
using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation.Simd;

/// <summary>
/// The parts of an edge convolution that look at edges, z_e = s_j + t_i for an edge j → i and y = leakyrelu(z) with <paramref name="slope"/>
/// (1: z itself). Each walks the edges once with a target's (a source's) rows in the nearest cache; nothing has a row for each edge.
/// </summary>
/// <param name="pairs">s and t, [N, D] each.</param>
/// <param name="graph">N nodes.</param>
/// <param name="sign">[D], ±1: −1 where the smallest z is wanted instead of the largest.</param>
/// <param name="slope">Slope below zero.</param>
internal sealed unsafe class EdgeConvRows<T>(Pairs pairs, Graph graph, Tensor sign, double slope) where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly int _width = (int)pairs.Sources.shape[1];
    private readonly T* _sources = Rows.Of<T>(pairs.Sources);
    private readonly T* _targets = Rows.Of<T>(pairs.Targets);
    private readonly T* _sign = Rows.Of<T>(sign);
    private readonly T _slope = T.CreateChecked(slope);

    /// <summary>
    /// y of the largest (smallest) z of each target, 0 where there is none, into [N, D]; and where asked, mean and variance (divided by E) of all
    /// y into [2, D]. Statistics of a row's edges are taken around their own mean and then joined, so no digits are lost.
    /// </summary>
    public void Forward(Tensor winners, Tensor? moments)
    {
        var (width, incoming) = (_width, graph.Incoming);
        using var pieces = moments is null ? null : zeros(RowWork.Pieces, 2 * width, winners.dtype); // [mean, Σ(y − mean)²]
        var to = Rows.Of<T>(winners);
        var statistics = Rows.Of<T>(pieces);
        var counts = new long[RowWork.Pieces];
        RowWork.Run(incoming, width, (piece, first, last) =>
        {
            long seen = 0;
            for (var i = first; i < last; i++)
            {
                var into = to + ((long)i * width);
                var joined = statistics == null ? null : statistics + ((long)piece * 2 * width);
                var d = 0;
                for (; d + TwoVectors<T>.Count <= width; d += TwoVectors<T>.Count) { Largest<TwoVectors<T>>(incoming, i, d, into, seen, joined); }
                for (; d < width; d += OneVector<T>.Count) { Largest<OneVector<T>>(incoming, i, d, into, seen, joined); }
                seen += incoming.Degree(i);
            }

            counts[piece] = seen;
        });
        if (moments is not null) { JoinPieces(statistics, counts, Rows.Of<T>(moments)); }
    }

    /// <summary>
    /// As <see cref="Forward"/> without statistics; and the source of each winner, an integer as wide as <typeparamref name="T"/> (−1: none). Where asked,
    /// with y' = d y / d z, Σ y' and Σ y'y over the edges of each target, [N, D] each.
    /// </summary>
    public void Winners(Tensor winners, Tensor winning, Tensor? slopes, Tensor? products)
    {
        var (width, incoming) = (_width, graph.Incoming);
        T* to = Rows.Of<T>(winners), toWinning = MaxRows<T>.Winners(winning), toSlopes = Rows.Of<T>(slopes), toProducts = Rows.Of<T>(products);
        RowWork.Run(incoming, width, (_, first, last) =>
        {
            for (var i = first; i < last; i++)
            {
                var d = 0;
                for (; d + TwoVectors<T>.Count <= width; d += TwoVectors<T>.Count) { Winners<TwoVectors<T>>(incoming, i, d, to, toWinning, toSlopes, toProducts); }
                for (; d < width; d += OneVector<T>.Count) { Winners<OneVector<T>>(incoming, i, d, to, toWinning, toSlopes, toProducts); }
            }
        });
    }

    /// <summary>
    /// d loss / d s from the gradient <paramref name="arrived"/> [N, D] of the winners' z and, where statistics were taken, d loss / d y_e =
    /// constant + rate·y_e, two rows of <paramref name="shared"/> [2, D].
    /// </summary>
    public void ToSources(Tensor arrived, Tensor winning, Tensor? shared, Tensor found)
    {
        const int channels = 16; // a cache line of float32: no two threads write one line
        T* from = Rows.Of<T>(arrived), won = MaxRows<T>.Winners(winning), shares = Rows.Of<T>(shared), to = Rows.Of<T>(found.zero_());
        var (width, incoming, blocks) = (_width, graph.Incoming, (_width + channels - 1) / channels);

        // Scattered, since a graph that serves one layer once would be turned round for this alone. Threads share the channels: a channel's additions keep their order.
        var work = (int)Math.Min(int.MaxValue, ((long)graph.NodeCount + graph.EdgeCount) * channels);
        RowWork.Over(blocks, work, (_, first, last) =>
        {
            for (var block = first; block < last; block++)
            {
                var end = Math.Min(width, (block + 1) * channels);
                for (var i = 0; i < incoming.RowCount; i++)
                {
                    var d = block * channels;
                    if (shares != null)
                    {
                        for (; d + TwoVectors<T>.Count <= end; d += TwoVectors<T>.Count) { AddShared<TwoVectors<T>>(incoming, i, d, end, shares, to); }
                        for (; d < end; d += OneVector<T>.Count) { AddShared<OneVector<T>>(incoming, i, d, end, shares, to); }
                    }

                    AddWon(i, block * channels, end, from, won, to);
                }
            }
        }, blocks);
    }

    private void AddShared<TStrip>(Adjacency incoming, int i, int d, int channelEnd, T* shared, T* found) where TStrip : struct, IVectors<TStrip, T>
    {
        var (begin, end, width, count, sources, to) = (incoming.Offsets[i], incoming.Offsets[i + 1], _width, channelEnd - d, (nint)(_sources + d), (nint)(found + d));
        var (t, zero) = (TStrip.Load(_targets + ((long)i * width) + d, count), TStrip.All(T.Zero));
        var (constant, rate) = (TStrip.Load(shared + d, count), TStrip.Load(shared + width + d, count));
        var (lowConstant, lowRate) = (constant * TStrip.All(_slope), rate * TStrip.All(_slope * _slope));
        fixed (int* neighbors = incoming.Neighbors)
        {
            for (var k = begin; k < end; k++)
            {
                var at = (long)neighbors[k] * width;
                var z = t + TStrip.Load((T*)sources + at, count);
                var added = TStrip.Select(TStrip.Greater(z, zero), constant + (rate * z), lowConstant + (lowRate * z));
                (TStrip.Load((T*)to + at, count) + added).Store((T*)to + at, count);
            }
        }
    }

    // Of all values of edges few won: each is added where it came from.
    private void AddWon(int i, int begin, int end, T* arrived, T* winning, T* found)
    {
        var at = (long)i * _width;
        for (var d = begin; d < end; d++)
        {
            var source = MaxRows<T>.Winner(winning, at + d);
            if (source >= 0) { found[((long)source * _width) + d] += arrived[at + d]; }
        }
    }

    private void Largest<TStrip>(Adjacency incoming, int i, int d, T* into, long seen, T* statistics) where TStrip : struct, IVectors<TStrip, T>
    {
        var (begin, end, width, count, sources) = (incoming.Offsets[i], incoming.Offsets[i + 1], _width, _width - d, (nint)(_sources + d));
        if (begin == end)
        {
            TStrip.All(T.Zero).Store(into + d, count);
            return;
        }

        var (sign, t) = (TStrip.Load(_sign + d, count), TStrip.Load(_targets + ((long)i * width) + d, count));
        var (slope, zero) = (TStrip.All(_slope), TStrip.All(T.Zero));
        fixed (int* neighbors = incoming.Neighbors)
        {
            var s = TStrip.Load((T*)sources + ((long)neighbors[begin] * width), count);
            var best = sign * s;
            var sum = Activated(t + s, slope, zero);
            for (var k = begin + 1; k < end; k++)
            {
                s = TStrip.Load((T*)sources + ((long)neighbors[k] * width), count);
                best = TStrip.Select(TStrip.Takes(sign * s, best), sign * s, best);
                sum += Activated(t + s, slope, zero);
            }

            Activated((best * sign) + t, slope, zero).Store(into + d, count);
            if (statistics == null) { return; }
            var added = T.CreateChecked(end - begin);
            var mean = sum * TStrip.All(T.One / added);
            var spread = zero;
            for (var k = begin; k < end; k++)
            {
                var apart = Activated(t + TStrip.Load((T*)sources + ((long)neighbors[k] * width), count), slope, zero) - mean;
                spread += apart * apart;
            }

            var share = TStrip.All(added / T.CreateChecked(seen + end - begin));
            var old = TStrip.Load(statistics + d, count);
            var step = mean - old;
            (old + (step * share)).Store(statistics + d, count);
            (TStrip.Load(statistics + width + d, count) + spread + (step * step * TStrip.All(T.CreateChecked(seen)) * share)).Store(statistics + width + d, count);
        }
    }

    private void JoinPieces(T* pieces, long[] counts, T* moments)
    {
        var edges = T.CreateChecked(Math.Max(1, counts.Sum()));
        for (var d = 0; d < _width; d++)
        {
            var (mean, spread, seen) = (T.Zero, T.Zero, 0L);
            for (var p = 0; p < counts.Length; p++)
            {
                if (counts[p] == 0) { continue; }
                var at = ((long)p * 2 * _width) + d;
                var (step, share) = (pieces[at] - mean, T.CreateChecked(counts[p]) / T.CreateChecked(seen + counts[p]));
                mean += step * share;
                spread += pieces[at + _width] + (step * step * T.CreateChecked(seen) * share);
                seen += counts[p];
            }

            (moments[d], moments[_width + d]) = (mean, spread / edges);
        }
    }

    private void Winners<TStrip>(Adjacency incoming, int i, int d, T* winners, T* winning, T* slopes, T* products) where TStrip : struct, IVectors<TStrip, T>
    {
        var (begin, end, width, count, sources) = (incoming.Offsets[i], incoming.Offsets[i + 1], _width, _width - d, (nint)(_sources + d));
        var at = ((long)i * width) + d;
        var (sign, t) = (TStrip.Load(_sign + d, count), TStrip.Load(_targets + at, count));
        var (slope, square, one, zero) = (TStrip.All(_slope), TStrip.All(_slope * _slope), TStrip.All(T.One), TStrip.All(T.Zero));
        var (best, source) = (TStrip.All(T.NegativeInfinity), TStrip.All(Lanes.Bits<T>(begin == end ? -1 : incoming.Neighbors[begin])));
        var (slopeSum, productSum) = (zero, zero);
        fixed (int* neighbors = incoming.Neighbors)
        {
            for (var k = begin; k < end; k++)
            {
                var s = TStrip.Load((T*)sources + ((long)neighbors[k] * width), count);
                var takes = TStrip.Takes(sign * s, best);
                best = TStrip.Select(takes, sign * s, best);
                source = TStrip.Select(takes, TStrip.All(Lanes.Bits<T>(neighbors[k])), source);
                if (slopes == null) { continue; }
                var z = t + s;
                var rises = TStrip.Greater(z, zero);
                slopeSum += TStrip.Select(rises, one, slope);
                productSum += z * TStrip.Select(rises, one, square);
            }
        }

        (begin == end ? zero : Activated((best * sign) + t, slope, zero)).Store(winners + at, count);
        source.Store(winning + at, count);
        if (slopes == null) { return; }
        slopeSum.Store(slopes + at, count);
        productSum.Store(products + at, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TStrip Activated<TStrip>(TStrip z, TStrip slope, TStrip zero) where TStrip : struct, IVectors<TStrip, T> =>
        TStrip.Select(TStrip.Greater(z, zero), z, z * slope);
}
