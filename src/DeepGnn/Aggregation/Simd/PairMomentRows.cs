using System.Numerics;
using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation.Simd;

/// <summary>Batch statistics over edges of pairs.</summary>
internal static unsafe class PairMomentRows<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Σ_e y_e or, around <paramref name="mean"/> (its first row), Σ_e (y_e − mean)²; a row of <paramref name="sums"/> for each piece.</summary>
    public static void Forward(Pairs pairs, Adjacency incoming, double slope, Tensor? mean, Tensor sums)
    {
        var width = (int)pairs.Sources.shape[1];
        var rows = new PairRows<T>(pairs, width, slope);
        var around = Rows.Of<T>(mean);
        var to = Rows.Of<T>(sums);
        RowWork.Run(incoming, width, (piece, first, last) =>
        {
            var into = to + ((long)piece * width);
            for (var i = first; i < last; i++)
            {
                for (var k = incoming.Offsets[i]; k < incoming.Offsets[i + 1]; k++)
                {
                    for (var d = 0; d < width; d += Vector<T>.Count)
                    {
                        var count = width - d;
                        var y = rows.Activated(rows.Z(incoming.Neighbors[k], i, incoming.Edges[k], d, count));
                        var apart = around == null ? y : y - Lanes.Load(around + d, count);
                        Lanes.Store(Lanes.Load(into + d, count) + (around == null ? y : apart * apart), into + d, count);
                    }
                }
            }
        });
    }

    public static void Backward(Pairs pairs, Graph graph, double slope, Tensor moments, Tensor g, PairGradients found)
    {
        Walk(pairs, graph.Incoming, byTarget: true, slope, moments, g, found.Targets, graph.EdgeCount);
        Walk(pairs, graph.Outgoing, byTarget: false, slope, moments, g, found.Sources, graph.EdgeCount);
    }

    // d loss / d y_e = (g_mean + 2·g_variance·(y_e − mean)) / E; the mean inside the variance has no slope of its own.
    private static void Walk(
        Pairs pairs, Adjacency adjacency, bool byTarget, double slope, Tensor moments, Tensor g, Tensor? nodes, int edgeCount)
    {
        if (nodes is null) { return; }
        var width = (int)pairs.Sources.shape[1];
        var rows = new PairRows<T>(pairs, width, slope);
        var mean = Rows.Of<T>(moments);
        var from = Rows.Of<T>(g);
        var toNodes = Rows.Of<T>(nodes);
        var share = new Vector<T>(T.One / T.CreateChecked(Math.Max(1, edgeCount)));
        var two = new Vector<T>(T.CreateChecked(2));
        RowWork.Run(adjacency, width, (_, first, last) =>
        {
            for (var i = first; i < last; i++)
            {
                var into = toNodes + ((long)i * width);
                new Span<T>(into, width).Clear();
                for (var k = adjacency.Offsets[i]; k < adjacency.Offsets[i + 1]; k++)
                {
                    var (other, e) = (adjacency.Neighbors[k], adjacency.Edges[k]);
                    for (var d = 0; d < width; d += Vector<T>.Count)
                    {
                        var count = width - d;
                        var z = byTarget ? rows.Z(other, i, e, d, count) : rows.Z(i, other, e, d, count);
                        var apart = rows.Activated(z) - Lanes.Load(mean + d, count);
                        var sent = rows.Passed(z, (Lanes.Load(from + d, count) + (two * Lanes.Load(from + width + d, count) * apart)) * share);
                        Lanes.Store(Lanes.Load(into + d, count) + sent, into + d, count);
                    }
                }
            }
        });
    }
}
