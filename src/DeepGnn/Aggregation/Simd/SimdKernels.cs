using System.Numerics;
using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation.Simd;

/// <summary>The kernels for CPU tensors of <typeparamref name="T"/>. Forward passes walk incoming edges, backward passes outgoing ones.</summary>
internal sealed class SimdKernels<T> : EdgeKernels where T : unmanaged, IFloatingPointIeee754<T>
{
    public static SimdKernels<T> Instance { get; } = new();

    public override Tensor Sum(Messages messages, Graph graph, Tensor? weights, bool mean)
    {
        var sum = empty_like(messages.Nodes);
        SumRows<T>.Forward(Prepared(messages), graph.Incoming, weights, mean, sum);
        return sum;
    }

    public override EdgeGradients SumBackward(Messages messages, Graph graph, Tensor? weights, bool mean, Tensor g, Needed needed)
    {
        var m = Prepared(messages);
        using var sink = new EdgeSink<T>(m.Edges, needed.Edges, (int)g.shape[1]);
        var found = Room(g, needed, needed.Parameter ? empty_like(weights!) : null);
        SumRows<T>.Backward(m, graph, weights, mean, g, found, sink);
        return found with { Edges = sink.Found() };
    }

    public override (Tensor Largest, Tensor Edge) Max(Messages messages, Graph graph)
    {
        var largest = empty_like(messages.Nodes);
        var edge = empty(messages.Nodes.shape, typeof(T) == typeof(float) ? int32 : int64);
        MaxRows<T>.Forward(Prepared(messages), graph.Incoming, largest, edge);
        return (largest, edge);
    }

    public override EdgeGradients MaxBackward(Messages messages, Graph graph, Tensor edge, Tensor g, Needed needed)
    {
        var m = Prepared(messages);
        using var sink = new EdgeSink<T>(m.Edges, needed.Edges, (int)g.shape[1]);
        var found = new EdgeGradients(needed.Nodes ? zeros_like(g) : null, default, null);
        MaxRows<T>.Backward(m, graph, edge, g, found.Nodes, sink);
        return found with { Edges = sink.Found() };
    }

    public override (Tensor Sum, Tensor LogSum) Softmax(Messages messages, Graph graph, Tensor t)
    {
        var (sum, logSum) = (empty_like(messages.Nodes), empty_like(messages.Nodes));
        if (messages.Edges is not null) { SoftmaxRows<T>.Forward(Prepared(messages), graph.Incoming, t, sum, logSum); }
        else
        {
            using var shift = SourceSoftmaxRows<T>.Largest(messages, t);
            new SourceSoftmaxRows<T>(messages, graph, t, shift).Forward(sum, logSum);
        }

        return (sum, logSum);
    }

    public override EdgeGradients SoftmaxBackward(
        Messages messages, Graph graph, Tensor t, Tensor sum, Tensor logSum, Tensor g, bool stopped, Needed needed)
    {
        using var pieces = needed.Parameter ? zeros(RowWork.Pieces, g.shape[1], g.dtype) : null;
        var m = Prepared(messages);
        using var sink = new EdgeSink<T>(m.Edges, needed.Edges, (int)g.shape[1]);
        var found = Room(g, needed, pieces);
        if (m.Edges is not null) { SoftmaxRows<T>.Backward(m, graph.Outgoing, t, sum, logSum, g, stopped, found, sink); }
        else
        {
            using var shift = SourceSoftmaxRows<T>.Largest(m, t);
            var rows = new SourceSoftmaxRows<T>(m, graph, t, shift);
            found = found with { Nodes = zeros_like(g) };
            rows.Backward(sum, logSum, g, stopped, found.Nodes, pieces);
        }

        return found with { Edges = sink.Found(), Parameter = pieces?.sum(dim: 0) };
    }

    public override Tensor PowerMean(Messages messages, Graph graph, Tensor p, double lowest, double highest)
    {
        var mean = empty_like(messages.Nodes);
        PowerRows<T>.Forward(Prepared(messages), graph.Incoming, p, lowest, highest, mean);
        return mean;
    }

    public override EdgeGradients PowerMeanBackward(
        Messages messages, Graph graph, Tensor p, double lowest, double highest, Tensor g, Needed needed)
    {
        using var pieces = needed.Parameter ? zeros(RowWork.Pieces, g.shape[1], g.dtype) : null;
        var m = Prepared(messages);
        using var sink = new EdgeSink<T>(m.Edges, needed.Edges, (int)g.shape[1]);
        var found = Room(g, needed, pieces);
        PowerRows<T>.Backward(m, graph, p, lowest, highest, g, found, sink);
        return found with { Edges = sink.Found(), Parameter = pieces?.sum(dim: 0) };
    }

    public override Tensor EdgeSoftmax(Tensor scores, Graph graph)
    {
        var shares = empty_like(scores);
        EdgeSoftmaxRows<T>.Forward(scores, graph.Incoming, shares);
        return shares;
    }

    public override Tensor EdgeSoftmaxBackward(Tensor shares, Graph graph, Tensor g)
    {
        var found = empty_like(g);
        EdgeSoftmaxRows<T>.Backward(shares, graph.Incoming, g, found);
        return found;
    }

    public override Tensor PairScores(Pairs pairs, Graph graph, Tensor attention, double slope)
    {
        var scores = empty(graph.EdgeCount, attention.shape[0], pairs.Sources.dtype);
        PairScoreRows<T>.Forward(Prepared(pairs), graph.Incoming, attention, slope, scores);
        return scores;
    }

    public override PairGradients PairScoresBackward(
        Pairs pairs, Graph graph, Tensor attention, double slope, Tensor g, NeededByPairs needed)
    {
        using var pieces = needed.Parameter ? zeros(RowWork.Pieces, attention.numel(), g.dtype) : null;
        var p = Prepared(pairs);
        using var sink = new EdgeSink<T>(p.Edges, needed.Edges, (int)p.Sources.shape[1]);
        var found = Room(p, needed, pieces);
        PairScoreRows<T>.Backward(p, graph, attention, slope, g, found, sink);
        return found with { Edges = sink.Found(), Parameter = pieces?.sum(dim: 0).view_as(attention) };
    }

    public override Tensor PairMoments(Pairs pairs, Graph graph, double slope)
    {
        // Twice over the edges: a variance as a difference of large sums would lose its digits in float32.
        using var sums = zeros(RowWork.Pieces, pairs.Sources.shape[1], pairs.Sources.dtype);
        var moments = zeros(2, pairs.Sources.shape[1], pairs.Sources.dtype);
        for (var moment = 0; moment < 2 && graph.EdgeCount > 0; moment++)
        {
            PairMomentRows<T>.Forward(pairs, graph.Incoming, slope, moment == 0 ? null : moments, sums.zero_());
            moments[moment] = sums.sum(dim: 0).div_(graph.EdgeCount);
        }

        return moments;
    }

    public override PairGradients PairMomentsBackward(
        Pairs pairs, Graph graph, double slope, Tensor moments, Tensor g, NeededByPairs needed)
    {
        var found = Room(pairs, needed, null);
        PairMomentRows<T>.Backward(pairs, graph, slope, moments, g, found);
        return found;
    }

    // Kernels want the map of edge features transposed; the scope of the call keeps it alive.
    private static Messages Prepared(Messages messages) => messages with { Edges = EdgeRows<T>.Transposed(messages.Edges) };

    private static Pairs Prepared(Pairs pairs) => pairs with { Edges = EdgeRows<T>.Transposed(pairs.Edges) };

    private static PairGradients Room(Pairs pairs, NeededByPairs needed, Tensor? parameter) => new(
        needed.Sources ? empty_like(pairs.Sources) : null, needed.Targets ? empty_like(pairs.Targets) : null, default, parameter);

    private static EdgeGradients Room(Tensor g, Needed needed, Tensor? parameter) =>
        new(needed.Nodes ? empty_like(g) : null, default, parameter);
}
