using System.Numerics;
using System.Runtime.CompilerServices;
using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation.Simd;

/// <summary>Weighted sums and means.</summary>
internal static unsafe class SumRows<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    public static void Forward(Messages messages, Adjacency incoming, Tensor? weights, bool mean, Tensor sum)
    {
        if (messages.Edges is null && Heads(weights) == 1)
        {
            OfSources(messages, incoming, weights, mean, sum);
            return;
        }

        var width = (int)messages.Width;
        var rows = new MessageRows<T>(messages, width);
        var w = Rows.Of<T>(weights);
        var heads = Heads(weights);
        var to = Rows.Of<T>(sum);
        RowWork.Run(incoming, width, (_, first, last) =>
        {
            using var scratch = Rows.Scratch<T>(width);
            for (var i = first; i < last; i++)
            {
                var into = to + ((long)i * width);
                new Span<T>(into, width).Clear();
                for (var k = incoming.Offsets[i]; k < incoming.Offsets[i + 1]; k++)
                {
                    var edge = incoming.Edges[k];
                    var row = rows.Row(incoming.Neighbors[k], edge, scratch.At(0));
                    if (w == null) { Add(row, into, width); }
                    else { AddWeighted(row, w + ((long)edge * heads), heads, T.One, into, width); }
                }

                if (mean && incoming.Degree(i) > 1) { Scale(into, T.One / T.CreateChecked(incoming.Degree(i)), width); }
            }
        });
    }

    public static void Backward(Messages messages, Graph graph, Tensor? weights, bool mean, Tensor g, EdgeGradients found, EdgeSink<T> sink)
    {
        if (messages.Edges is null && Heads(weights) == 1 && !sink.Any && found.Parameter is null)
        {
            ToSources(messages, graph, weights, mean, g, found.Nodes);
            return;
        }

        var width = (int)g.shape[1];
        var (outgoing, incoming) = (graph.Outgoing, graph.Incoming);
        var rows = new MessageRows<T>(messages, width);
        var w = Rows.Of<T>(weights);
        var heads = Heads(weights);
        var from = Rows.Of<T>(g);
        var toNodes = Rows.Of<T>(found.Nodes);
        var toWeights = Rows.Of<T>(found.Parameter);
        // Without edge gradients and masks, what arrives can be added straight from g.
        var direct = !messages.Rectified && !sink.Any;
        RowWork.Run(outgoing, width, (piece, first, last) =>
        {
            using var scratch = Rows.Scratch<T>(2 * width);
            var ones = T.One;
            for (var j = first; j < last; j++)
            {
                var into = toNodes == null ? null : toNodes + ((long)j * width);
                if (into != null) { new Span<T>(into, width).Clear(); }
                for (var k = outgoing.Offsets[j]; k < outgoing.Offsets[j + 1]; k++)
                {
                    var (i, edge) = (outgoing.Neighbors[k], outgoing.Edges[k]);
                    var arrived = from + ((long)i * width);
                    var share = mean ? T.One / T.CreateChecked(incoming.Degree(i)) : T.One;
                    var weight = w == null ? &ones : w + ((long)edge * heads);
                    if (toWeights != null)
                    {
                        Dots(rows.Row(j, edge, scratch.At(0)), arrived, share, toWeights + ((long)edge * heads), heads, width);
                    }

                    if (direct && into != null)
                    {
                        AddWeighted(arrived, weight, heads, share, into, width);
                    }
                    else if (!direct)
                    {
                        var sent = scratch.At(width);
                        new Span<T>(sent, width).Clear();
                        AddWeighted(arrived, weight, heads, share, sent, width);
                        rows.ToInput(j, edge, sent);
                        sink.Take(piece, edge, sent);
                        if (into != null) { Add(sent, into, width); }
                    }
                }
            }
        });
    }

    // Messages that depend on their source alone are made once for each node.
    private static void OfSources(Messages messages, Adjacency incoming, Tensor? weights, bool mean, Tensor sum)
    {
        var width = (int)messages.Width;
        using var made = messages.Rectified ? messages.Nodes.relu().add_(messages.Epsilon) : null;
        var gather = new GatherRows<T>(Rows.Of<T>(made ?? messages.Nodes), width, Rows.Of<T>(weights));
        var to = Rows.Of<T>(sum);
        RowWork.Run(incoming, width, (_, first, last) =>
        {
            for (var i = first; i < last; i++)
            {
                var into = to + ((long)i * width);
                gather.Sum(incoming, i, into);
                if (mean && incoming.Degree(i) > 1) { Scale(into, T.One / T.CreateChecked(incoming.Degree(i)), width); }
            }
        });
    }

    private static void ToSources(Messages messages, Graph graph, Tensor? weights, bool mean, Tensor g, Tensor? nodes)
    {
        if (nodes is null) { return; }
        var (outgoing, width) = (graph.Outgoing, (int)g.shape[1]);
        using var shares = mean ? graph.InverseDegrees(g).alias() : null;
        var gather = new GatherRows<T>(Rows.Of<T>(g), width, Rows.Of<T>(weights), Rows.Of<T>(shares));
        var rows = new MessageRows<T>(messages, width);
        var to = Rows.Of<T>(nodes);
        RowWork.Run(outgoing, width, (_, first, last) =>
        {
            for (var j = first; j < last; j++)
            {
                gather.Sum(outgoing, j, to + ((long)j * width));
                rows.ToInput(j, -1, to + ((long)j * width));
            }
        });
    }

    public static void Add(T* row, T* into, int width)
    {
        for (var d = 0; d < width; d += Vector<T>.Count)
        {
            var count = width - d;
            Lanes.Store(Lanes.Load(into + d, count) + Lanes.Load(row + d, count), into + d, count);
        }
    }

    public static void Scale(T* row, T by, int width)
    {
        var factor = new Vector<T>(by);
        for (var d = 0; d < width; d += Vector<T>.Count) { Lanes.Store(factor * Lanes.Load(row + d, width - d), row + d, width - d); }
    }

    private static int Heads(Tensor? weights) => weights is null ? 1 : (int)weights.shape[1];

    private static void AddWeighted(T* row, T* weights, int heads, T share, T* into, int width)
    {
        var channels = width / heads;
        for (var h = 0; h < heads; h++) { AddScaled(row + (h * channels), weights[h] * share, into + (h * channels), channels); }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddScaled(T* row, T weight, T* into, int width)
    {
        var scale = new Vector<T>(weight);
        for (var d = 0; d < width; d += Vector<T>.Count)
        {
            var count = width - d;
            Lanes.Store(Lanes.Load(into + d, count) + (scale * Lanes.Load(row + d, count)), into + d, count);
        }
    }

    private static void Dots(T* row, T* g, T share, T* into, int heads, int width)
    {
        var channels = width / heads;
        for (var h = 0; h < heads; h++)
        {
            var sum = Vector<T>.Zero;
            for (var d = 0; d < channels; d += Vector<T>.Count)
            {
                var (at, count) = ((h * channels) + d, channels - d);
                sum += Lanes.Load(row + at, count) * Lanes.Load(g + at, count);
            }

            into[h] = Vector.Sum(sum) * share;
        }
    }
}
