using System.Numerics;
using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation.Simd;

/// <summary>Means of clamped powers, as exp(p·log m).</summary>
internal static unsafe class PowerRows<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    public static void Forward(Messages messages, Adjacency incoming, Tensor p, double lowest, double highest, Tensor mean)
    {
        var width = (int)messages.Width;
        var rows = new MessageRows<T>(messages, width);
        var power = Rows.Of<T>(p);
        var to = Rows.Of<T>(mean);
        var (low, high) = (new Vector<T>(T.CreateChecked(lowest)), new Vector<T>(T.CreateChecked(highest)));
        RowWork.Run(incoming, width, (_, first, last) =>
        {
            using var scratch = Rows.Scratch<T>(width);
            for (var i = first; i < last; i++)
            {
                var into = to + ((long)i * width);
                new Span<T>(into, width).Clear();
                for (var k = incoming.Offsets[i]; k < incoming.Offsets[i + 1]; k++)
                {
                    var row = rows.Row(incoming.Neighbors[k], incoming.Edges[k], scratch.At(0));
                    for (var d = 0; d < width; d += Vector<T>.Count)
                    {
                        var count = width - d;
                        var c = Clamped(Lanes.Load(row + d, count), low, high);
                        var raised = Lanes.Exp(Lanes.Load(power + d, count) * Lanes.Log(c));
                        Lanes.Store(Lanes.Load(into + d, count) + raised, into + d, count);
                    }
                }

                if (incoming.Degree(i) > 1) { SumRows<T>.Scale(into, T.One / T.CreateChecked(incoming.Degree(i)), width); }
            }
        });
    }

    /// <summary>found.Parameter holds a row for each piece, to be added by the caller.</summary>
    public static void Backward(
        Messages messages, Graph graph, Tensor p, double lowest, double highest, Tensor g, EdgeGradients found, EdgeSink<T> sink)
    {
        var (outgoing, incoming) = (graph.Outgoing, graph.Incoming);
        var width = (int)messages.Width;
        var rows = new MessageRows<T>(messages, width);
        var power = Rows.Of<T>(p);
        var from = Rows.Of<T>(g);
        var toNodes = Rows.Of<T>(found.Nodes);
        var toP = Rows.Of<T>(found.Parameter);
        var (low, high) = (new Vector<T>(T.CreateChecked(lowest)), new Vector<T>(T.CreateChecked(highest)));
        RowWork.Run(outgoing, width, (piece, first, last) =>
        {
            using var scratch = Rows.Scratch<T>(2 * width);
            var pieceP = toP == null ? null : toP + ((long)piece * width);
            for (var j = first; j < last; j++)
            {
                var into = toNodes == null ? null : toNodes + ((long)j * width);
                if (into != null) { new Span<T>(into, width).Clear(); }
                for (var k = outgoing.Offsets[j]; k < outgoing.Offsets[j + 1]; k++)
                {
                    var (i, edge) = (outgoing.Neighbors[k], outgoing.Edges[k]);
                    var row = rows.Row(j, edge, scratch.At(0));
                    var sent = scratch.At(width);
                    var share = new Vector<T>(T.One / T.CreateChecked(incoming.Degree(i)));
                    Send(row, power, low, high, share, from + ((long)i * width), sent, pieceP, width);
                    rows.ToInput(j, edge, sent);
                    sink.Take(piece, edge, sent);
                    if (into != null) { SumRows<T>.Add(sent, into, width); }
                }
            }
        });
    }

    /// <summary>d loss / d m = g/n·p·c^(p−1) inside the clamp, 0 outside; d loss / d p gains g/n·c^p·log c (c: clamped m, n: edges).</summary>
    private static void Send(T* row, T* p, Vector<T> low, Vector<T> high, Vector<T> share, T* g, T* sent, T* toP, int width)
    {
        for (var d = 0; d < width; d += Vector<T>.Count)
        {
            var count = width - d;
            var (m, power) = (Lanes.Load(row + d, count), Lanes.Load(p + d, count));
            var c = Clamped(m, low, high);
            var log = Lanes.Log(c);
            var weighted = Lanes.Exp(power * log) * Lanes.Load(g + d, count) * share;
            var inside = Vector.GreaterThanOrEqual(m, low) & Vector.LessThanOrEqual(m, high);
            Lanes.Store(Vector.ConditionalSelect(inside, weighted * power / c, Vector<T>.Zero), sent + d, count);
            if (toP != null) { Lanes.Store(Lanes.Load(toP + d, count) + (weighted * log), toP + d, count); }
        }
    }

    private static Vector<T> Clamped(Vector<T> m, Vector<T> low, Vector<T> high) => Vector.Min(Vector.Max(m, low), high);
}
