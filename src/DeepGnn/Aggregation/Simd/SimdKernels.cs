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

    private static EdgeGradients Room(Graph graph, Tensor g, Needed needed, Tensor? parameter) => new(
        needed.Nodes ? empty_like(g) : null,
        needed.Edges ? empty(graph.EdgeCount, g.shape[1], g.dtype) : null,
        parameter);
}
