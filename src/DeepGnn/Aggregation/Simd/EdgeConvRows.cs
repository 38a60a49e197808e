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
                if (statistics != null) { Join(incoming, i, seen, statistics + ((long)piece * 2 * width)); }
                seen += incoming.Degree(i);
                Largest(incoming, i, to + ((long)i * width), null);
            }

            counts[piece] = seen;
        });
        if (moments is not null) { JoinPieces(statistics, counts, Rows.Of<T>(moments)); }
    }

    /// <summary>As <see cref="Forward"/> without statistics; and the edge of each winner, an integer as wide as <typeparamref name="T"/> (−1: none).</summary>
    public void Winners(Tensor winners, Tensor edges)
    {
        var (width, incoming) = (_width, graph.Incoming);
        var to = Rows.Of<T>(winners);
        var toEdges = MaxRows<T>.Winners(edges);
        RowWork.Run(incoming, width, (_, first, last) =>
        {
            for (var i = first; i < last; i++) { Largest(incoming, i, to + ((long)i * width), toEdges + ((long)i * width)); }
        });
    }

    /// <summary>
    /// d loss / d s or d loss / d t from the gradient <paramref name="arrived"/> [N, D] of the winners' z and, where statistics were taken, d loss / d y_e =
    /// constant + rate·(y_e − mean), three rows of <paramref name="statistics"/> [3, D].
    /// </summary>
    public void Backward(bool toSources, Tensor arrived, Tensor edges, Tensor? statistics, Tensor found)
    {
        var (width, adjacency) = (_width, toSources ? graph.Outgoing : graph.Incoming);
        var from = Rows.Of<T>(arrived);
        var winner = MaxRows<T>.Winners(edges);
        var shared = Rows.Of<T>(statistics);
        var to = Rows.Of<T>(found);
        RowWork.Run(adjacency, width, (_, first, last) =>
        {
            for (var i = first; i < last; i++)
            {
                var at = (long)i * width;
                if (toSources) { Won(adjacency, i, from, winner, to + at); }
                else { new ReadOnlySpan<T>(from + at, width).CopyTo(new Span<T>(to + at, width)); }
                if (shared != null) { AddShared(adjacency, i, (toSources ? _sources : _targets) + at, toSources ? _targets : _sources, shared, to + at); }
            }
        });
    }

    private void Largest(Adjacency incoming, int i, T* into, T* edges)
    {
        var (begin, end, width, sources, signs) = (incoming.Offsets[i], incoming.Offsets[i + 1], _width, (nint)_sources, (nint)_sign);
        if (begin == end)
        {
            new Span<T>(into, width).Clear();
            if (edges != null) { new Span<T>(edges, width).Fill(Lanes.Bits<T>(-1)); }
            return;
        }

        var target = _targets + ((long)i * width);
        fixed (int* neighbors = incoming.Neighbors)
        fixed (int* ids = incoming.Edges)
        {
            for (var d = 0; d < width; d += Vector<T>.Count)
            {
                var count = width - d;
                var sign = Lanes.Load((T*)signs + d, count);
                var best = sign * Lanes.Load((T*)sources + ((long)neighbors[begin] * width) + d, count);
                var edge = new Vector<T>(Lanes.Bits<T>(ids[begin]));
                for (var k = begin + 1; k < end; k++)
                {
                    var s = sign * Lanes.Load((T*)sources + ((long)neighbors[k] * width) + d, count);
                    var takes = Vector.GreaterThan(s, best) | ~Vector.Equals(s, s); // not a number wins and stays
                    best = Vector.ConditionalSelect(takes, s, best);
                    if (edges != null) { edge = Vector.ConditionalSelect(takes, new Vector<T>(Lanes.Bits<T>(ids[k])), edge); }
                }

                Lanes.Store(Activated((best * sign) + Lanes.Load(target + d, count)), into + d, count);
                if (edges != null) { Lanes.Store(edge, edges + d, count); }
            }
        }
    }

    /// <summary>Joins the y of row i with the statistics of <paramref name="seen"/> edges.</summary>
    private void Join(Adjacency incoming, int i, long seen, T* statistics)
    {
        var (begin, end, width, sources) = (incoming.Offsets[i], incoming.Offsets[i + 1], _width, (nint)_sources);
        if (begin == end) { return; }
        var target = _targets + ((long)i * width);
        var added = T.CreateChecked(end - begin);
        var inverse = new Vector<T>(T.One / added);
        var share = new Vector<T>(added / T.CreateChecked(seen + end - begin));
        var before = new Vector<T>(T.CreateChecked(seen));
        fixed (int* neighbors = incoming.Neighbors)
        {
            for (var d = 0; d < width; d += Vector<T>.Count)
            {
                var count = width - d;
                var t = Lanes.Load(target + d, count);
                var sum = Vector<T>.Zero;
                for (var k = begin; k < end; k++) { sum += Activated(t + Lanes.Load((T*)sources + ((long)neighbors[k] * width) + d, count)); }
                var mean = sum * inverse;
                var spread = Vector<T>.Zero;
                for (var k = begin; k < end; k++)
                {
                    var apart = Activated(t + Lanes.Load((T*)sources + ((long)neighbors[k] * width) + d, count)) - mean;
                    spread += apart * apart;
                }

                var old = Lanes.Load(statistics + d, count);
                var step = mean - old;
                Lanes.Store(old + (step * share), statistics + d, count);
                Lanes.Store(Lanes.Load(statistics + width + d, count) + spread + (step * step * before * share), statistics + width + d, count);
            }
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

    /// <summary>Σ over the edges that leave j of what arrived where they won.</summary>
    private void Won(Adjacency outgoing, int j, T* arrived, T* winner, T* into)
    {
        var (begin, end, width) = (outgoing.Offsets[j], outgoing.Offsets[j + 1], _width);
        fixed (int* targets = outgoing.Neighbors)
        fixed (int* ids = outgoing.Edges)
        {
            for (var d = 0; d < width; d += Vector<T>.Count)
            {
                var count = width - d;
                var sum = Vector<T>.Zero;
                for (var k = begin; k < end; k++)
                {
                    var at = ((long)targets[k] * width) + d;
                    var won = Same(Lanes.Load(winner + at, count), new Vector<T>(Lanes.Bits<T>(ids[k])));
                    sum += Vector.ConditionalSelect(won, Lanes.Load(arrived + at, count), Vector<T>.Zero);
                }

                Lanes.Store(sum, into + d, count);
            }
        }
    }

    private void AddShared(Adjacency adjacency, int i, T* own, T* others, T* shared, T* into)
    {
        var (begin, end, width) = (adjacency.Offsets[i], adjacency.Offsets[i + 1], _width);
        fixed (int* neighbors = adjacency.Neighbors)
        {
            for (var d = 0; d < width; d += Vector<T>.Count)
            {
                var count = width - d;
                var self = Lanes.Load(own + d, count);
                var (constant, rate, mean) = (Lanes.Load(shared + d, count), Lanes.Load(shared + width + d, count), Lanes.Load(shared + (2 * width) + d, count));
                var sum = Lanes.Load(into + d, count);
                for (var k = begin; k < end; k++)
                {
                    var z = self + Lanes.Load(others + ((long)neighbors[k] * width) + d, count);
                    sum += Passed(z, constant + (rate * (Activated(z) - mean)));
                }

                Lanes.Store(sum, into + d, count);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector<T> Activated(Vector<T> z) => Vector.ConditionalSelect(Vector.GreaterThan(z, Vector<T>.Zero), z, z * new Vector<T>(_slope));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector<T> Passed(Vector<T> z, Vector<T> g) => Vector.ConditionalSelect(Vector.GreaterThan(z, Vector<T>.Zero), g, g * new Vector<T>(_slope));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<T> Same(Vector<T> a, Vector<T> b) => typeof(T) == typeof(float)
        ? Vector.Equals(a.As<T, int>(), b.As<T, int>()).As<int, T>()
        : Vector.Equals(a.As<T, long>(), b.As<T, long>()).As<long, T>();
}
