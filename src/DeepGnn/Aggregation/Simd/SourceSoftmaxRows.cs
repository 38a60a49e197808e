using System.Numerics;
using System.Runtime.Intrinsics;
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
/// <param name="messages">m.</param>
/// <param name="graph">N nodes.</param>
/// <param name="t">[D].</param>
/// <param name="shift">c, [D]: <see cref="Largest"/>.</param>
internal sealed unsafe class SourceSoftmaxRows<T>(Messages messages, Graph graph, Tensor t, Tensor shift)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>e^−60 is far above the smallest float32: terms that vanish are less than 1e-11 of such a sum.</summary>
    private const double Depth = 60;

    private static readonly T s_least = T.Exp(T.CreateChecked(-Depth));

    private readonly T* _shift = Rows.Of<T>(shift);
    private readonly NodeMessages<T> _nodes = new(messages);

    /// <summary>
    /// Channels that are summed in one pass over all edges: their two rows are eight vectors, and all nodes' lie close together, so that the third-level cache and
    /// the second level of address translation hold what is gathered from.
    /// </summary>
    private static readonly int s_together = 8 * Vector256<T>.Count;

    /// <summary>Told of rows whose sums are done, from first on; of hard ones twice, the last time is right.</summary>
    public delegate void Done(int first, int count);

    /// <summary>Told of nodes whose gradients are done.</summary>
    public delegate void Left(int piece, int j);

    /// <summary>c, [D].</summary>
    public static Tensor Largest(Messages messages, Tensor t)
    {
        var nodes = new NodeMessages<T>(messages);
        var width = nodes.Width;
        using var pieces = full([RowWork.Pieces, width], double.NegativeInfinity, t.dtype);
        var scale = Rows.Of<T>(t);
        var to = Rows.Of<T>(pieces);
        RowWork.Over(nodes.Count, width, (piece, first, last) =>
        {
            var largest = to + ((long)piece * width);
            for (var j = first; j < last; j++)
            {
                var row = nodes.Row(j);
                for (var d = 0; d < width; d += Vector<T>.Count)
                {
                    var y = Lanes.Load(scale + d, width - d) * nodes.At(row + d, width - d);
                    Lanes.Store(Vector.Max(y, Lanes.Load(largest + d, width - d)), largest + d, width - d);
                }
            }
        });
        return pieces.amax([0]);
    }

    /// <summary>Writes sums and the logarithms of their denominators; zeros without edges.</summary>
    public void Forward(Tensor sum, Tensor logSum, Done? done = null)
    {
        var (incoming, width) = (graph.Incoming, _nodes.Width);
        using var raised = empty(2L * _nodes.Count * width, t.dtype); // u and u·m, as Side has them
        Raise(raised);
        T* to = Rows.Of<T>(sum), toLog = Rows.Of<T>(logSum), from = Rows.Of<T>(raised);
        var hard = new bool[incoming.RowCount];
        for (var channel = 0; channel < width; channel += s_together)
        {
            var (at, count) = (channel, Math.Min(s_together, width - channel));
            var gather = new GatherRows<T>(Side(from, 0, at), 2 * count);
            RowWork.Run(incoming, 2 * count, (_, first, last) =>
            {
                using var scratch = Rows.Scratch<T>(2 * s_together);
                for (var begin = first; begin < last; begin += TallRows<T>.Together)
                {
                    var rows = Math.Min(TallRows<T>.Together, last - begin);
                    for (var i = begin; i < begin + rows; i++)
                    {
                        var d = ((long)i * width) + at;
                        gather.Sum(incoming, i, scratch.At(0));
                        if (Divide(scratch.At(0), _shift + at, to + d, toLog + d, count)) { continue; }
                        hard[i] |= incoming.Degree(i) > 0;
                        new Span<T>(to + d, count).Clear();
                        new Span<T>(toLog + d, count).Clear();
                    }

                    if (at + count == width) { done?.Invoke(begin, rows); }
                }
            });
        }

        var targets = Which(hard);
        if (targets.Length == 0) { return; }
        SoftmaxRows<T>.Forward(messages, incoming, targets, t, sum, logSum);
        if (done is not null) { RowWork.Over(targets.Length, width, (_, first, last) => { for (var k = first; k < last; k++) { done(targets[k], 1); } }); }
    }

    // Where the two rows of node j for the channels of one pass lie, the second after the first.
    private T* Side(T* all, int j, int channel) => all + (2L * _nodes.Count * channel) + (2L * j * Math.Min(s_together, _nodes.Width - channel));

    private void Raise(Tensor raised)
    {
        var width = _nodes.Width;
        T* to = Rows.Of<T>(raised), scale = Rows.Of<T>(t), from = Rows.Of<T>(shift);
        RowWork.Over(_nodes.Count, width, (_, first, last) =>
        {
            for (var j = first; j < last; j++)
            {
                var row = _nodes.Row(j);
                for (var channel = 0; channel < width; channel += s_together)
                {
                    Raise(_nodes, row + channel, scale + channel, from + channel, Side(to, j, channel), Math.Min(s_together, width - channel));
                }
            }
        });
    }

    // Rows' formulas get all they use as arguments: from a closure they would load it anew for every vector.
    private static void Raise(NodeMessages<T> nodes, T* row, T* scale, T* shift, T* into, int width)
    {
        for (var d = 0; d < width; d += Vector<T>.Count)
        {
            var count = width - d;
            var m = nodes.At(row + d, count);
            var u = Lanes.Exp((Lanes.Load(scale + d, count) * m) - Lanes.Load(shift + d, count));
            Lanes.Store(u, into + d, count);
            Lanes.Store(u * m, into + width + d, count);
        }
    }

    /// <summary>False where a total is too small to be right (or not a number).</summary>
    private static bool Divide(T* sums, T* shift, T* into, T* log, int width)
    {
        var least = new Vector<T>(s_least);
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

    /// <summary>Room for a and b of all nodes.</summary>
    public Tensor Arriving() => empty(2L * _nodes.Count * _nodes.Width, t.dtype);

    /// <summary>
    /// Writes a and b of target i from its sum, the logarithm and g = d loss / d sum; true, and zeros, if it is hard.
    /// </summary>
    public bool Arrive(int i, T* sum, T* log, T* g, T* arriving)
    {
        var (width, easy) = (_nodes.Width, true);
        for (var d = 0; d < width; d += s_together)
        {
            easy &= Arrive(_shift + d, sum + d, log + d, g + d, Side(arriving, i, d), Math.Min(s_together, width - d));
        }

        if (easy || graph.Incoming.Degree(i) == 0) { return false; }
        for (var d = 0; d < width; d += s_together) { new Span<T>(Side(arriving, i, d), 2 * Math.Min(s_together, width - d)).Clear(); }

        return true;
    }

    private static bool Arrive(T* shift, T* sum, T* log, T* g, T* into, int width)
    {
        var depth = new Vector<T>(T.CreateChecked(Depth));
        var easy = true;
        for (var d = 0; d < width; d += Vector<T>.Count)
        {
            var count = width - d;
            var above = Lanes.Load(shift + d, count) - Lanes.Load(log + d, count);
            easy &= Vector.LessThanOrEqualAll(above, depth);
            var a = Lanes.Load(g + d, count) * Lanes.Exp(above);
            Lanes.Store(a, into + d, count);
            Lanes.Store(a * Lanes.Load(sum + d, count), into + width + d, count);
        }

        return easy;
    }

    /// <summary>The same, and what leads to it, from g = d loss / d sum.</summary>
    public void Backward(Tensor sum, Tensor logSum, Tensor g, bool stopped, Tensor toNodes, Tensor? toT)
    {
        var width = _nodes.Width;
        using var arriving = Arriving();
        var hard = new bool[_nodes.Count];
        T* sums = Rows.Of<T>(sum), logs = Rows.Of<T>(logSum), from = Rows.Of<T>(g), to = Rows.Of<T>(arriving);
        RowWork.Over(_nodes.Count, width, (_, first, last) =>
        {
            for (var i = first; i < last; i++)
            {
                var at = (long)i * width;
                hard[i] = Arrive(i, sums + at, logs + at, from + at, to);
            }
        });
        Backward(arriving, hard, sum, logSum, g, stopped, toNodes, toT);
    }

    /// <summary>
    /// From a and b of all nodes and which are hard: adds d loss / d z to <paramref name="toNodes"/>, which may be g, and the gradient of t to a row of
    /// <paramref name="toT"/> for each piece.
    /// </summary>
    public void Backward(Tensor arriving, bool[] hard, Tensor sum, Tensor logSum, Tensor g, bool stopped, Tensor toNodes, Tensor? toT, Left? left = null)
    {
        var targets = Which(hard);
        var many = targets.Length > graph.NodeCount / 16;
        if (targets.Length > 0)
        {
            using var others = zeros_like(g);
            using var nothing = new EdgeSink<T>(null, default, _nodes.Width);
            var found = new EdgeGradients(others, default, toT);
            if (many) { SoftmaxRows<T>.Backward(messages, graph.Outgoing, t, sum, logSum, g, stopped, found, nothing); }
            else { SoftmaxRows<T>.AddBackward(messages, graph.Incoming, targets, t, sum, logSum, g, stopped, found); }
            toNodes.add_(others);
        }

        if (!many) { Leave(arriving, stopped, Rows.Of<T>(toNodes), Rows.Of<T>(toT), left); }
        else if (left is not null) { RowWork.Over(_nodes.Count, _nodes.Width, (piece, first, last) => { for (var j = first; j < last; j++) { left(piece, j); } }); }
    }

    private void Leave(Tensor arriving, bool stopped, T* toNodes, T* toT, Left? left)
    {
        var (outgoing, width) = (graph.Outgoing, _nodes.Width);
        T* all = Rows.Of<T>(arriving), scale = Rows.Of<T>(t), from = Rows.Of<T>(shift);
        for (var channel = 0; channel < width; channel += s_together)
        {
            var (at, apart) = (channel, Math.Min(s_together, width - channel));
            var gather = new GatherRows<T>(Side(all, 0, at), 2 * apart);
            RowWork.Run(outgoing, 2 * apart, (piece, first, last) =>
            {
                using var scratch = Rows.Scratch<T>(2 * s_together);
                var sums = scratch.At(0);
                var pieceT = toT == null ? null : toT + ((long)piece * width) + at;
                for (var j = first; j < last; j++)
                {
                    gather.Sum(outgoing, j, sums);
                    Leave(_nodes, _nodes.Row(j) + at, scale + at, from + at, sums, stopped, toNodes + ((long)j * width) + at, pieceT, apart);
                    if (at + apart == width) { left?.Invoke(piece, j); }
                }
            });
        }
    }

    private static void Leave(NodeMessages<T> nodes, T* row, T* scale, T* shift, T* sums, bool stopped, T* into, T* toT, int width)
    {
        for (var d = 0; d < width; d += Vector<T>.Count)
        {
            var count = width - d;
            var m = nodes.At(row + d, count);
            var slope = Lanes.Load(scale + d, count);
            var u = Lanes.Exp((slope * m) - Lanes.Load(shift + d, count));
            var (a, b) = (Lanes.Load(sums + d, count), Lanes.Load(sums + width + d, count));
            var apart = (m * a) - b;
            var gradient = stopped ? u * a : u * (a + (slope * apart));
            Lanes.Store(Lanes.Load(into + d, count) + nodes.ToInput(row + d, count, gradient), into + d, count);
            if (toT != null) { Lanes.Store(Lanes.Load(toT + d, count) + (u * m * apart), toT + d, count); }
        }
    }

    private static int[] Which(bool[] marked) => [.. Enumerable.Range(0, marked.Length).Where(i => marked[i])];
}
