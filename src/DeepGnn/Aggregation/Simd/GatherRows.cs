using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using DeepGnn.Graphs;

namespace DeepGnn.Aggregation.Simd;

/// <summary>
/// Σ_k w_k·x[n_k] over the entries of one row of an adjacency, with w_k the weight of the entry's edge times the scale of its neighbour (1
/// where there is none). Sums stay in registers over all entries, so a row of x is read once and nothing else but the result is written; rows
/// to come are fetched ahead, since no processor guesses their addresses.
/// </summary>
/// <param name="x">Rows of <paramref name="width"/> values.</param>
/// <param name="width">D.</param>
/// <param name="weights">[E] in the order of the edge list, or null.</param>
/// <param name="scales">[N], or null.</param>
internal readonly unsafe struct GatherRows<T>(T* x, int width, T* weights = null, T* scales = null)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    // Entries of the next rows follow those of this one, so that a row's first neighbours are fetched ahead too.
    private const int Ahead = 12;

    /// <summary>Writes the sum over row <paramref name="i"/>.</summary>
    public void Sum(Adjacency rows, int i, T* into)
    {
        var (begin, count) = (rows.Offsets[i], rows.Degree(i));
        fixed (int* neighbors = rows.Neighbors)
        fixed (int* edges = rows.Edges)
        {
            Sum(neighbors + begin, edges + begin, count, rows.EntryCount - begin, into);
        }
    }

    private void Sum(int* neighbors, int* edges, int count, int known, T* into)
    {
        var d = 0;
        var lanes = Vector256<T>.Count;
        for (; d + (8 * lanes) <= width; d += 8 * lanes) { Eight(neighbors, edges, count, known, d, into + d); }
        for (; d + (2 * lanes) <= width; d += 2 * lanes) { Two(neighbors, edges, count, d, into + d); }
        for (; d + lanes <= width; d += lanes) { One(neighbors, edges, count, d, into + d); }
        for (; d < width; d++)
        {
            var sum = T.Zero;
            for (var k = 0; k < count; k++) { sum += Weight(neighbors[k], edges[k]) * x[((long)neighbors[k] * width) + d]; }
            into[d] = sum;
        }
    }

    private void Eight(int* neighbors, int* edges, int count, int known, int d, T* into)
    {
        var (a, b, c, e) = (Vector256<T>.Zero, Vector256<T>.Zero, Vector256<T>.Zero, Vector256<T>.Zero);
        var (f, g, h, l) = (Vector256<T>.Zero, Vector256<T>.Zero, Vector256<T>.Zero, Vector256<T>.Zero);
        var lanes = Vector256<T>.Count;
        for (var k = 0; k < count; k++)
        {
            var row = x + ((long)neighbors[k] * width) + d;
            if (Sse.IsSupported && k + Ahead < known) { Fetch(x + ((long)neighbors[k + Ahead] * width) + d); }
            var weight = Vector256.Create(Weight(neighbors[k], edges[k]));
            a = Plus(a, weight, row);
            b = Plus(b, weight, row + lanes);
            c = Plus(c, weight, row + (2 * lanes));
            e = Plus(e, weight, row + (3 * lanes));
            f = Plus(f, weight, row + (4 * lanes));
            g = Plus(g, weight, row + (5 * lanes));
            h = Plus(h, weight, row + (6 * lanes));
            l = Plus(l, weight, row + (7 * lanes));
        }

        a.Store(into);
        b.Store(into + lanes);
        c.Store(into + (2 * lanes));
        e.Store(into + (3 * lanes));
        f.Store(into + (4 * lanes));
        g.Store(into + (5 * lanes));
        h.Store(into + (6 * lanes));
        l.Store(into + (7 * lanes));
    }

    private void Two(int* neighbors, int* edges, int count, int d, T* into)
    {
        var (a, b) = (Vector256<T>.Zero, Vector256<T>.Zero);
        for (var k = 0; k < count; k++)
        {
            var row = x + ((long)neighbors[k] * width) + d;
            var weight = Vector256.Create(Weight(neighbors[k], edges[k]));
            a = Plus(a, weight, row);
            b = Plus(b, weight, row + Vector256<T>.Count);
        }

        a.Store(into);
        b.Store(into + Vector256<T>.Count);
    }

    private void One(int* neighbors, int* edges, int count, int d, T* into)
    {
        var a = Vector256<T>.Zero;
        for (var k = 0; k < count; k++)
        {
            a = Plus(a, Vector256.Create(Weight(neighbors[k], edges[k])), x + ((long)neighbors[k] * width) + d);
        }

        a.Store(into);
    }

    // A row of 8 vectors lies on 4 lines of 64 bytes, whatever T is.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch(T* row)
    {
        var line = (byte*)row;
        Sse.Prefetch0(line);
        Sse.Prefetch0(line + 64);
        Sse.Prefetch0(line + 128);
        Sse.Prefetch0(line + 192);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private T Weight(int neighbor, int edge)
    {
        var weight = weights == null ? T.One : weights[edge];
        return scales == null ? weight : weight * scales[neighbor];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<T> Plus(Vector256<T> sum, Vector256<T> weight, T* row) => typeof(T) == typeof(float)
        ? Vector256.MultiplyAddEstimate(weight.AsSingle(), Vector256.Load((float*)row), sum.AsSingle()).As<float, T>()
        : Vector256.MultiplyAddEstimate(weight.AsDouble(), Vector256.Load((double*)row), sum.AsDouble()).As<double, T>();
}
