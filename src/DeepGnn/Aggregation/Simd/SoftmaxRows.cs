using System.Numerics;
using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation.Simd;

/// <summary>Softmax-weighted sums. PyG adds 1e-16 to a denominator that is at least 1: in float64 that is nothing, so it is left out.</summary>
internal static unsafe class SoftmaxRows<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    public static void Forward(Messages messages, Adjacency incoming, Tensor t, Tensor sum, Tensor logSum)
    {
        var width = (int)messages.Width;
        var row = new Row(messages, incoming, t);
        var to = Rows.Of<T>(sum);
        var toLog = Rows.Of<T>(logSum);
        RowWork.Run(incoming, width, (_, first, last) =>
        {
            using var scratch = Rows.Scratch<T>(2 * width);
            for (var i = first; i < last; i++) { row.Compute(i, to + ((long)i * width), toLog + ((long)i * width), scratch.At(0)); }
        });
    }

    /// <summary>The same for a few targets.</summary>
    public static void Forward(Messages messages, Adjacency incoming, int[] targets, Tensor t, Tensor sum, Tensor logSum)
    {
        var width = (int)messages.Width;
        var row = new Row(messages, incoming, t);
        var to = Rows.Of<T>(sum);
        var toLog = Rows.Of<T>(logSum);
        RowWork.Over(targets.Length, width, (_, first, last) =>
        {
            using var scratch = Rows.Scratch<T>(2 * width);
            for (var k = first; k < last; k++) { row.Compute(targets[k], to + ((long)targets[k] * width), toLog + ((long)targets[k] * width), scratch.At(0)); }
        });
    }

    /// <summary>The sum at one target and the logarithm of its denominator; zeros without edges.</summary>
    private readonly struct Row(Messages messages, Adjacency incoming, Tensor t)
    {
        private readonly MessageRows<T> _rows = new(messages, (int)messages.Width);
        private readonly T* _scale = Rows.Of<T>(t);

        /// <summary><paramref name="scratch"/> has room for two rows.</summary>
        public void Compute(int i, T* into, T* log, T* scratch)
        {
            var width = _rows.Width;
            var (begin, end) = (incoming.Offsets[i], incoming.Offsets[i + 1]);
            new Span<T>(into, width).Clear();
            new Span<T>(log, width).Clear();
            new Span<T>(scratch + width, width).Clear();
            for (var k = begin; k < end; k++)
            {
                Raise(_rows.Row(incoming.Neighbors[k], incoming.Edges[k], scratch), _scale, k == begin, log, width);
            }

            for (var k = begin; k < end; k++)
            {
                SoftmaxRows<T>.Add(_rows.Row(incoming.Neighbors[k], incoming.Edges[k], scratch), _scale, log, into, scratch + width, width);
            }

            if (begin < end) { Divide(into, log, scratch + width, width); }
        }
    }

    private static void Raise(T* row, T* t, bool first, T* largest, int width)
    {
        for (var d = 0; d < width; d += Vector<T>.Count)
        {
            var count = width - d;
            var y = Lanes.Load(t + d, count) * Lanes.Load(row + d, count);
            Lanes.Store(first ? y : Vector.Max(y, Lanes.Load(largest + d, count)), largest + d, count);
        }
    }

    private static void Add(T* row, T* t, T* largest, T* sum, T* total, int width)
    {
        for (var d = 0; d < width; d += Vector<T>.Count)
        {
            var count = width - d;
            var m = Lanes.Load(row + d, count);
            var share = Lanes.Exp((Lanes.Load(t + d, count) * m) - Lanes.Load(largest + d, count));
            Lanes.Store(Lanes.Load(total + d, count) + share, total + d, count);
            Lanes.Store(Lanes.Load(sum + d, count) + (share * m), sum + d, count);
        }
    }

    private static void Divide(T* sum, T* log, T* total, int width)
    {
        for (var d = 0; d < width; d += Vector<T>.Count)
        {
            var count = width - d;
            var all = Lanes.Load(total + d, count);
            Lanes.Store(Lanes.Load(sum + d, count) / all, sum + d, count);
            Lanes.Store(Lanes.Load(log + d, count) + Lanes.Log(all), log + d, count);
        }
    }

    /// <summary>found.Parameter holds a row for each piece, to be added by the caller.</summary>
    public static void Backward(
        Messages messages, Adjacency outgoing, Tensor t, Tensor sum, Tensor logSum, Tensor g, bool stopped, EdgeGradients found, EdgeSink<T> sink)
    {
        var width = (int)messages.Width;
        var rows = new MessageRows<T>(messages, width);
        var scale = Rows.Of<T>(t);
        var sums = Rows.Of<T>(sum);
        var logs = Rows.Of<T>(logSum);
        var from = Rows.Of<T>(g);
        var toNodes = Rows.Of<T>(found.Nodes);
        var toT = Rows.Of<T>(found.Parameter);
        RowWork.Run(outgoing, width, (piece, first, last) =>
        {
            using var scratch = Rows.Scratch<T>(2 * width);
            var pieceT = toT == null ? null : toT + ((long)piece * width);
            for (var j = first; j < last; j++)
            {
                var into = toNodes == null ? null : toNodes + ((long)j * width);
                if (into != null) { new Span<T>(into, width).Clear(); }
                for (var k = outgoing.Offsets[j]; k < outgoing.Offsets[j + 1]; k++)
                {
                    var edge = outgoing.Edges[k];
                    var at = (long)outgoing.Neighbors[k] * width;
                    var row = rows.Row(j, edge, scratch.At(0));
                    var sent = scratch.At(width);
                    Send(row, stopped ? null : scale, scale, sums + at, logs + at, from + at, sent, pieceT, width);
                    rows.ToInput(j, edge, sent);
                    sink.Take(piece, edge, sent);
                    if (into != null) { SumRows<T>.Add(sent, into, width); }
                }
            }
        });
    }

    /// <summary>Adds what a few targets send back to gradients that hold those of all others; messages have no edge features.</summary>
    public static void AddBackward(
        Messages messages, Adjacency incoming, int[] targets, Tensor t, Tensor sum, Tensor logSum, Tensor g, bool stopped, EdgeGradients found)
    {
        var width = (int)messages.Width;
        var rows = new MessageRows<T>(messages, width);
        var scale = Rows.Of<T>(t);
        var toNodes = Rows.Of<T>(found.Nodes);
        using var scratch = Rows.Scratch<T>(2 * width);
        foreach (var i in targets)
        {
            var at = (long)i * width;
            for (var k = incoming.Offsets[i]; k < incoming.Offsets[i + 1]; k++)
            {
                var (j, edge) = (incoming.Neighbors[k], incoming.Edges[k]);
                var row = rows.Row(j, edge, scratch.At(0));
                var sent = scratch.At(width);
                Send(
                    row, stopped ? null : scale, scale, Rows.Of<T>(sum) + at, Rows.Of<T>(logSum) + at, Rows.Of<T>(g) + at, sent,
                    Rows.Of<T>(found.Parameter), width);
                rows.ToInput(j, edge, sent);
                if (toNodes != null) { SumRows<T>.Add(sent, toNodes + ((long)j * width), width); }
            }
        }
    }

    /// <summary>d loss / d m = p·g·(1 + t·(m − sum)), and p·g alone if <paramref name="slope"/> is null (stopped); d loss / d t gains g·p·m·(m − sum).</summary>
    private static void Send(T* row, T* slope, T* t, T* sum, T* log, T* g, T* sent, T* toT, int width)
    {
        for (var d = 0; d < width; d += Vector<T>.Count)
        {
            var count = width - d;
            var m = Lanes.Load(row + d, count);
            var weighted = Lanes.Exp((Lanes.Load(t + d, count) * m) - Lanes.Load(log + d, count)) * Lanes.Load(g + d, count);
            var apart = m - Lanes.Load(sum + d, count);
            var gradient = slope == null ? weighted : weighted + (weighted * Lanes.Load(slope + d, count) * apart);
            Lanes.Store(gradient, sent + d, count);
            if (toT != null) { Lanes.Store(Lanes.Load(toT + d, count) + (weighted * m * apart), toT + d, count); }
        }
    }
}
