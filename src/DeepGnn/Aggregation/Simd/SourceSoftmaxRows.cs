using System.Numerics;
using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation.Simd;

/// <summary>
/// Softmax-weighted sums of messages that depend on their source j alone: with u_j = exp(t·m_j − c) the sum at i is (Σ u_j m_j)/(Σ u_j), two
/// plain sums over edges, and exponentials are taken N times, not E times. c is each channel's largest t·m over all nodes; a row whose own
/// messages all lie far below it would underflow, is hard, and is done edge by edge as in <see cref="SoftmaxRows{T}"/>.
/// <para>With a_i = g_i/Σu and b_i = a_i·sum_i, and A_j, B_j their sums over the edges that leave j, the derivatives are
/// d/dm_j = u_j((1 + t·m_j)A_j − t·B_j) and d/dt = Σ_j u_j m_j(m_j A_j − B_j): two plain sums again.</para>
/// </summary>
internal static unsafe class SourceSoftmaxRows<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>e^−60 is far above the smallest float32: terms that vanish are less than 1e-11 of such a sum.</summary>
    private const double Depth = 60;

    public static void Forward(Messages messages, Adjacency incoming, Tensor t, Tensor sum, Tensor logSum)
    {
        var width = (int)messages.Width;
        using var shift = Largest(messages, t);
        using var raised = empty(messages.Nodes.shape[0], 2 * width, messages.Nodes.dtype); // [N, u and u·m]
        Raise(messages, t, shift, raised);
        var gather = new GatherRows<T>(Rows.Of<T>(raised), 2 * width);
        var from = Rows.Of<T>(shift);
        var to = Rows.Of<T>(sum);
        var toLog = Rows.Of<T>(logSum);
        var exact = new SoftmaxRows<T>.Row(messages, incoming, t);
        RowWork.Run(incoming, width, (_, first, last) =>
        {
            using var scratch = Rows.Scratch<T>(2 * width);
            for (var i = first; i < last; i++)
            {
                var into = to + ((long)i * width);
                var log = toLog + ((long)i * width);
                gather.Sum(incoming, i, scratch.At(0));
                if (!Divide(scratch.At(0), from, into, log, width)) { exact.Compute(i, into, log, scratch.At(0)); }
            }
        });
    }

    public static void Backward(
        Messages messages, Graph graph, Tensor t, Tensor sum, Tensor logSum, Tensor g, bool stopped, EdgeGradients found)
    {
        var width = (int)messages.Width;
        using var shift = Largest(messages, t);
        using var arriving = empty(g.shape[0], 2 * width, g.dtype); // [N, a and b]
        var hard = Arrive(shift, sum, logSum, g, arriving, graph.Incoming);
        if (hard.Length > graph.NodeCount / 16)
        {
            using var nothing = new EdgeSink<T>(null, default, width);
            SoftmaxRows<T>.Backward(messages, graph.Outgoing, t, sum, logSum, g, stopped, found, nothing);
            return;
        }

        Leave(messages, graph.Outgoing, t, shift, arriving, stopped, found);
        SoftmaxRows<T>.AddBackward(messages, graph.Incoming, hard, t, sum, logSum, g, stopped, found);
    }

    /// <summary>c, [D].</summary>
    private static Tensor Largest(Messages messages, Tensor t)
    {
        var width = (int)messages.Width;
        using var pieces = full([RowWork.Pieces, width], double.NegativeInfinity, t.dtype);
        var nodes = new NodeMessages<T>(messages);
        var scale = Rows.Of<T>(t);
        var to = Rows.Of<T>(pieces);
        RowWork.Over((int)messages.Nodes.shape[0], width, (piece, first, last) =>
        {
            var largest = to + ((long)piece * width);
            for (var j = first; j < last; j++)
            {
                for (var d = 0; d < width; d += Vector<T>.Count)
                {
                    var y = Lanes.Load(scale + d, width - d) * nodes.At(j, d);
                    Lanes.Store(Vector.Max(y, Lanes.Load(largest + d, width - d)), largest + d, width - d);
                }
            }
        });
        return pieces.amax([0]);
    }

    private static void Raise(Messages messages, Tensor t, Tensor shift, Tensor raised)
    {
        var width = (int)messages.Width;
        var nodes = new NodeMessages<T>(messages);
        var scale = Rows.Of<T>(t);
        var from = Rows.Of<T>(shift);
        var to = Rows.Of<T>(raised);
        RowWork.Over((int)messages.Nodes.shape[0], width, (_, first, last) =>
        {
            for (var j = first; j < last; j++)
            {
                var row = to + ((long)j * 2 * width);
                for (var d = 0; d < width; d += Vector<T>.Count)
                {
                    var count = width - d;
                    var m = nodes.At(j, d);
                    var u = Lanes.Exp((Lanes.Load(scale + d, count) * m) - Lanes.Load(from + d, count));
                    Lanes.Store(u, row + d, count);
                    Lanes.Store(u * m, row + width + d, count);
                }
            }
        });
    }

    /// <summary>False where a total is too small to be right (or not a number).</summary>
    private static bool Divide(T* sums, T* shift, T* into, T* log, int width)
    {
        var least = new Vector<T>(T.Exp(T.CreateChecked(-Depth)));
        for (var d = 0; d < width; d += Vector<T>.Count)
        {
            var count = width - d;
            var total = Lanes.Load(sums + d, count);
            if (count < Vector<T>.Count) { total = Lanes.Filled(total, count); }
            if (!Vector.GreaterThanOrEqualAll(total, least)) { return false; } // without edges, too
            Lanes.Store(Lanes.Load(sums + width + d, count) / total, into + d, count);
            Lanes.Store(Lanes.Log(total) + Lanes.Load(shift + d, count), log + d, count);
        }

        return true;
    }

    /// <summary>a and b of each node; zeros for hard ones, which are returned.</summary>
    private static int[] Arrive(Tensor shift, Tensor sum, Tensor logSum, Tensor g, Tensor arriving, Adjacency incoming)
    {
        var width = (int)g.shape[1];
        var from = Rows.Of<T>(shift);
        var sums = Rows.Of<T>(sum);
        var logs = Rows.Of<T>(logSum);
        var gradients = Rows.Of<T>(g);
        var to = Rows.Of<T>(arriving);
        var hard = new bool[incoming.RowCount];
        var depth = new Vector<T>(T.CreateChecked(Depth));
        RowWork.Over(incoming.RowCount, width, (_, first, last) =>
        {
            for (var i = first; i < last; i++)
            {
                var at = (long)i * width;
                for (var d = 0; d < width && incoming.Degree(i) > 0; d += Vector<T>.Count)
                {
                    var count = width - d;
                    var above = Lanes.Load(from + d, count) - Lanes.Load(logs + at + d, count);
                    hard[i] |= !Vector.LessThanOrEqualAll(above, depth);
                    var a = Lanes.Load(gradients + at + d, count) * Lanes.Exp(above);
                    Lanes.Store(a, to + (2 * at) + d, count);
                    Lanes.Store(a * Lanes.Load(sums + at + d, count), to + (2 * at) + width + d, count);
                }

                if (hard[i]) { new Span<T>(to + (2 * at), 2 * width).Clear(); }
            }
        });
        return [.. Enumerable.Range(0, hard.Length).Where(i => hard[i])];
    }

    private static void Leave(Messages messages, Adjacency outgoing, Tensor t, Tensor shift, Tensor arriving, bool stopped, EdgeGradients found)
    {
        var width = (int)messages.Width;
        var nodes = new NodeMessages<T>(messages);
        var gather = new GatherRows<T>(Rows.Of<T>(arriving), 2 * width);
        var scale = Rows.Of<T>(t);
        var from = Rows.Of<T>(shift);
        var toNodes = Rows.Of<T>(found.Nodes);
        var toT = Rows.Of<T>(found.Parameter);
        RowWork.Run(outgoing, width, (piece, first, last) =>
        {
            using var scratch = Rows.Scratch<T>(2 * width);
            var pieceT = toT == null ? null : toT + ((long)piece * width);
            for (var j = first; j < last; j++)
            {
                gather.Sum(outgoing, j, scratch.At(0));
                for (var d = 0; d < width; d += Vector<T>.Count)
                {
                    var count = width - d;
                    var m = nodes.At(j, d);
                    var slope = Lanes.Load(scale + d, count);
                    var u = Lanes.Exp((slope * m) - Lanes.Load(from + d, count));
                    var (a, b) = (Lanes.Load(scratch.At(d), count), Lanes.Load(scratch.At(width + d), count));
                    var apart = (m * a) - b;
                    var sent = stopped ? u * a : u * (a + (slope * apart));
                    if (toNodes != null) { Lanes.Store(nodes.ToInput(j, d, sent), toNodes + ((long)j * width) + d, count); }
                    if (pieceT != null) { Lanes.Store(Lanes.Load(pieceT + d, count) + (u * m * apart), pieceT + d, count); }
                }
            }
        });
    }
}
