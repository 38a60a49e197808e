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
        SumRows<T>.Forward(messages, graph.Incoming, weights, mean, sum);
        return sum;
    }

    public override EdgeGradients SumBackward(Messages messages, Graph graph, Tensor? weights, bool mean, Tensor g, Needed needed)
    {
        var found = Room(graph, g, needed, needed.Parameter ? empty_like(weights!) : null);
        SumRows<T>.Backward(messages, graph, weights, mean, g, found);
        return found;
    }

    public override (Tensor Largest, Tensor Edge) Max(Messages messages, Graph graph)
    {
        var largest = empty_like(messages.Nodes);
        var edge = empty(messages.Nodes.shape, typeof(T) == typeof(float) ? int32 : int64);
        MaxRows<T>.Forward(messages, graph.Incoming, largest, edge);
        return (largest, edge);
    }

    public override EdgeGradients MaxBackward(Messages messages, Graph graph, Tensor edge, Tensor g, Needed needed)
    {
        var found = new EdgeGradients(
            needed.Nodes ? zeros_like(g) : null,
            needed.Edges ? zeros(graph.EdgeCount, g.shape[1], g.dtype) : null,
            null);
        MaxRows<T>.Backward(messages, graph, edge, g, found);
        return found;
    }

    public override (Tensor Sum, Tensor LogSum) Softmax(Messages messages, Graph graph, Tensor t)
    {
        var (sum, logSum) = (empty_like(messages.Nodes), empty_like(messages.Nodes));
        SoftmaxRows<T>.Forward(messages, graph.Incoming, t, sum, logSum);
        return (sum, logSum);
    }

    public override EdgeGradients SoftmaxBackward(
        Messages messages, Graph graph, Tensor t, Tensor sum, Tensor logSum, Tensor g, bool stopped, Needed needed)
    {
        using var pieces = needed.Parameter ? zeros(RowWork.Pieces, g.shape[1], g.dtype) : null;
        var found = Room(graph, g, needed, pieces);
        SoftmaxRows<T>.Backward(messages, graph.Outgoing, t, sum, logSum, g, stopped, found);
        return found with { Parameter = pieces?.sum(dim: 0) };
    }

    public override Tensor PowerMean(Messages messages, Graph graph, Tensor p, double lowest, double highest)
    {
        var mean = empty_like(messages.Nodes);
        PowerRows<T>.Forward(messages, graph.Incoming, p, lowest, highest, mean);
        return mean;
    }

    public override EdgeGradients PowerMeanBackward(
        Messages messages, Graph graph, Tensor p, double lowest, double highest, Tensor g, Needed needed)
    {
        using var pieces = needed.Parameter ? zeros(RowWork.Pieces, g.shape[1], g.dtype) : null;
        var found = Room(graph, g, needed, pieces);
        PowerRows<T>.Backward(messages, graph, p, lowest, highest, g, found);
        return found with { Parameter = pieces?.sum(dim: 0) };
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
        PairScoreRows<T>.Forward(pairs, graph.Incoming, attention, slope, scores);
        return scores;
    }

    public override PairGradients PairScoresBackward(
        Pairs pairs, Graph graph, Tensor attention, double slope, Tensor g, NeededByPairs needed)
    {
        using var pieces = needed.Parameter ? zeros(RowWork.Pieces, attention.numel(), g.dtype) : null;
        var found = Room(graph, pairs, needed, pieces);
        PairScoreRows<T>.Backward(pairs, graph, attention, slope, g, found);
        return found with { Parameter = pieces?.sum(dim: 0).view_as(attention) };
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
        var found = Room(graph, pairs, needed, null);
        PairMomentRows<T>.Backward(pairs, graph, slope, moments, g, found);
        return found;
    }

    private static PairGradients Room(Graph graph, Pairs pairs, NeededByPairs needed, Tensor? parameter) => new(
        needed.Sources ? empty_like(pairs.Sources) : null,
        needed.Targets ? empty_like(pairs.Targets) : null,
        needed.Edges ? empty(graph.EdgeCount, pairs.Sources.shape[1], pairs.Sources.dtype) : null,
        parameter);

    private static EdgeGradients Room(Graph graph, Tensor g, Needed needed, Tensor? parameter) => new(
        needed.Nodes ? empty_like(g) : null,
        needed.Edges ? empty(graph.EdgeCount, g.shape[1], g.dtype) : null,
        parameter);
}
