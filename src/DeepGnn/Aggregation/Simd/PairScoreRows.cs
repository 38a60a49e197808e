using System.Numerics;
using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation.Simd;

/// <summary>Attention scores of pairs.</summary>
internal static unsafe class PairScoreRows<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    public static void Forward(Pairs pairs, Adjacency incoming, Tensor attention, double slope, Tensor scores)
    {
        var heads = (int)attention.shape[0];
        var channels = (int)attention.shape[1];
        var rows = new PairRows<T>(pairs, heads * channels, slope);
        var weights = Rows.Of<T>(attention);
        var to = Rows.Of<T>(scores);
        RowWork.Run(incoming, heads * channels, (_, first, last) =>
        {
            for (var i = first; i < last; i++)
            {
                for (var k = incoming.Offsets[i]; k < incoming.Offsets[i + 1]; k++)
                {
                    var e = incoming.Edges[k];
                    for (var h = 0; h < heads; h++)
                    {
                        var sum = Vector<T>.Zero;
                        for (var c = 0; c < channels; c += Vector<T>.Count)
                        {
                            var (d, count) = ((h * channels) + c, channels - c);
                            sum += rows.Activated(rows.Z(incoming.Neighbors[k], i, e, d, count)) * Lanes.Load(weights + d, count);
                        }

                        to[((long)e * heads) + h] = Vector.Sum(sum);
                    }
                }
            }
        });
    }

    /// <summary>found.Parameter holds a row for each piece, to be added by the caller.</summary>
    public static void Backward(Pairs pairs, Graph graph, Tensor attention, double slope, Tensor g, PairGradients found, EdgeSink<T> sink)
    {
        if (found.Targets is not null || sink.Any || found.Parameter is not null)
        {
            Walk(pairs, graph.Incoming, byTarget: true, attention, slope, g, found.Targets, sink, found.Parameter);
        }

        if (found.Sources is not null) { Walk(pairs, graph.Outgoing, byTarget: false, attention, slope, g, found.Sources, null, null); }
    }

    private static void Walk(
        Pairs pairs, Adjacency adjacency, bool byTarget, Tensor attention, double slope, Tensor g, Tensor? nodes, EdgeSink<T>? sink, Tensor? pieces)
    {
        var heads = (int)attention.shape[0];
        var channels = (int)attention.shape[1];
        var width = heads * channels;
        var rows = new PairRows<T>(pairs, width, slope);
        var weights = Rows.Of<T>(attention);
        var from = Rows.Of<T>(g);
        var toNodes = Rows.Of<T>(nodes);
        var toWeights = Rows.Of<T>(pieces);
        RowWork.Run(adjacency, width, (piece, first, last) =>
        {
            using var scratch = Rows.Scratch<T>(width);
            var pieceWeights = toWeights == null ? null : toWeights + ((long)piece * width);
            for (var i = first; i < last; i++)
            {
                var into = toNodes == null ? null : toNodes + ((long)i * width);
                if (into != null) { new Span<T>(into, width).Clear(); }
                for (var k = adjacency.Offsets[i]; k < adjacency.Offsets[i + 1]; k++)
                {
                    var (other, e) = (adjacency.Neighbors[k], adjacency.Edges[k]);
                    for (var h = 0; h < heads; h++)
                    {
                        var score = new Vector<T>(from[((long)e * heads) + h]);
                        for (var c = 0; c < channels; c += Vector<T>.Count)
                        {
                            var (d, count) = ((h * channels) + c, channels - c);
                            var z = byTarget ? rows.Z(other, i, e, d, count) : rows.Z(i, other, e, d, count);
                            var sent = rows.Passed(z, score * Lanes.Load(weights + d, count));
                            if (into != null) { Lanes.Store(Lanes.Load(into + d, count) + sent, into + d, count); }
                            if (sink is not null) { Lanes.Store(sent, scratch.At(d), count); }
                            if (pieceWeights != null)
                            {
                                Lanes.Store(Lanes.Load(pieceWeights + d, count) + (score * rows.Activated(z)), pieceWeights + d, count);
                            }
                        }
                    }

                    sink?.Take(piece, e, scratch.At(0));
                }
            }
        });
    }
}
