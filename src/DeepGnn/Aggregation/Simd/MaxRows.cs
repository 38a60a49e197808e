using System.Numerics;
using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation.Simd;

/// <summary>Maxima. The winning edge is kept as an integer as wide as <typeparamref name="T"/>.</summary>
internal static unsafe class MaxRows<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    public static void Forward(Messages messages, Adjacency incoming, Tensor largest, Tensor edge)
    {
        var width = (int)messages.Width;
        var rows = new MessageRows<T>(messages, width);
        var to = Rows.Of<T>(largest);
        var toEdge = Winners(edge);
        RowWork.Run(incoming, width, (_, first, last) =>
        {
            using var scratch = Rows.Scratch<T>(width);
            for (var i = first; i < last; i++)
            {
                var into = to + ((long)i * width);
                var winner = toEdge + ((long)i * width);
                var begin = incoming.Offsets[i];
                new Span<T>(into, width).Clear();
                new Span<T>(winner, width).Fill(Lanes.Bits<T>(-1));
                for (var k = begin; k < incoming.Offsets[i + 1]; k++)
                {
                    var e = incoming.Edges[k];
                    var row = rows.Row(incoming.Neighbors[k], e, scratch.At(0));
                    Take(row, new Vector<T>(Lanes.Bits<T>(e)), k == begin, into, winner, width);
                }
            }
        });
    }

    private static void Take(T* row, Vector<T> edge, bool always, T* into, T* winner, int width)
    {
        for (var d = 0; d < width; d += Vector<T>.Count)
        {
            var count = width - d;
            var m = Lanes.Load(row + d, count);
            var best = Lanes.Load(into + d, count);
            // Not a number wins and stays, as in libtorch: a diverged run must not look healthy.
            var takes = always ? Vector<T>.AllBitsSet : Vector.GreaterThan(m, best) | ~Vector.Equals(m, m);
            Lanes.Store(Vector.ConditionalSelect(takes, m, best), into + d, count);
            Lanes.Store(Vector.ConditionalSelect(takes, edge, Lanes.Load(winner + d, count)), winner + d, count);
        }
    }

    /// <summary>
    /// Scatters N·D values back to their winners. Threads share the channels, not the rows: a channel's additions keep their order.
    /// </summary>
    public static void Backward(Messages messages, Graph graph, Tensor edge, Tensor g, Tensor? nodes, EdgeSink<T> sink)
    {
        var rows = new MessageRows<T>(messages, (int)g.shape[1]);
        if (nodes is not null) { ToNodes(rows, graph, edge, g, nodes); }
        if (sink.Any) { ToEdges(rows, graph, edge, g, sink); }
    }

    private static void ToNodes(MessageRows<T> rows, Graph graph, Tensor edge, Tensor g, Tensor found)
    {
        var width = rows.Width;
        var from = Rows.Of<T>(g);
        var to = Rows.Of<T>(found);
        var winners = Winners(edge);
        const int channels = 16; // a cache line of float32: no two threads write one line
        var blocks = (width + channels - 1) / channels;
        var threads = (long)graph.NodeCount * width < 1 << 16 ? 1 : Math.Max(1, get_num_threads());
        RowTeam.Run(blocks, threads, block =>
        {
            var (first, last) = (block * channels, Math.Min(width, (block + 1) * channels));
            for (long i = 0; i < graph.NodeCount; i++)
            {
                for (var d = first; d < last; d++)
                {
                    var e = Winner(winners, (i * width) + d);
                    if (e < 0) { continue; }
                    var source = graph.Sources[e];
                    if (rows.Passes(source, e, d)) { to[((long)source * width) + d] += from[(i * width) + d]; }
                }
            }
        });
    }

    // An edge belongs to its target, so its thread may write the edge's row.
    private static void ToEdges(MessageRows<T> rows, Graph graph, Tensor edge, Tensor g, EdgeSink<T> sink)
    {
        var width = rows.Width;
        var from = Rows.Of<T>(g);
        var winners = Winners(edge);
        RowWork.Run(graph.Incoming, width, (piece, first, last) =>
        {
            for (long i = first; i < last; i++)
            {
                for (var d = 0; d < width; d++)
                {
                    var e = Winner(winners, (i * width) + d);
                    if (e >= 0 && rows.Passes(graph.Sources[e], e, d)) { sink.Take(piece, e, d, from[(i * width) + d]); }
                }
            }
        });
    }

    internal static int Winner(T* winners, long at) => typeof(T) == typeof(float) ? ((int*)winners)[at] : (int)((long*)winners)[at];

    internal static T* Winners(Tensor edge) => edge.dtype == ScalarType.Int32 ? (T*)Rows.Of<int>(edge) : (T*)Rows.Of<long>(edge);
}
