using System.Numerics;
using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>
/// Edge weights of D^−½ (A + I) D^−½, D the weighted in-degree.
/// Source: Kipf and Welling, "Semi-Supervised Classification with Graph Convolutional Networks", arXiv 1609.02907, equation 2.
/// </summary>
/// <param name="Graph">The graph that the weights belong to: with self-loops if they were asked for.</param>
/// <param name="Weights">[E'], one for each of its edges.</param>
public sealed record SymmetricNormalization(Graph Graph, Tensor Weights)
{
    /// <summary>Weights of an unweighted graph; computed once and kept with the graph, so not to be disposed.</summary>
    public static SymmetricNormalization Of(Graph graph, bool addSelfLoops, ScalarType dtype, Device device)
    {
        var looped = addSelfLoops ? graph.WithSelfLoops.Graph : graph;
        var kept = looped.Kept((nameof(SymmetricNormalization), dtype, device.type, device.index), () =>
        {
            var weights = dtype == ScalarType.Float32 ? tensor(Weighed<float>(looped)) : tensor(Weighed<double>(looped));
            return [weights.to(dtype, device)];
        });
        return new(looped, kept[0]);
    }

    /// <summary>Weights of a weighted graph, differentiable; they belong to the caller's dispose scope.</summary>
    /// <param name="graph">E edges.</param>
    /// <param name="edgeWeights">[E].</param>
    /// <param name="addSelfLoops">Adds a self-loop where there is none; an existing one keeps its weight.</param>
    /// <param name="loopWeight">Weight of an added self-loop.</param>
    /// <exception cref="NotSupportedException">A chunk of a graph: the weights at its sources are not known.</exception>
    public static SymmetricNormalization Of(Graph graph, Tensor edgeWeights, bool addSelfLoops, double loopWeight)
    {
        if (graph.ChunkOf is not null)
        {
            throw new NotSupportedException("normalised edge weights: found a chunk of a graph, needed the whole one, whose weights make the degrees");
        }

        var (looped, weights) = addSelfLoops ? Looped(graph, edgeWeights, loopWeight) : (graph, edgeWeights);
        using var scope = NewDisposeScope();
        var degree = Aggregate.Sum(ones(graph.NodeCount, 1, weights.dtype, weights.device), looped, weights).squeeze(1); // [N]
        var root = degree.pow(-0.5);
        root = root.masked_fill(root.eq(double.PositiveInfinity), 0);
        var index = looped.IndexOn(weights.device);
        var normalized = root.index_select(0, index.Sources) * weights * root.index_select(0, index.Targets);
        return new(looped, normalized.MoveToOuterDisposeScope());
    }

    private static T[] Weighed<T>(Graph graph) where T : INumberBase<T>
    {
        var weights = new T[graph.EdgeCount];
        for (var e = 0; e < weights.Length; e++)
        {
            var (from, to) = (graph.InDegree(graph.Sources[e]), graph.InDegree(graph.Targets[e]));
            weights[e] = T.CreateChecked(from == 0 ? 0 : 1 / (Math.Sqrt(from) * Math.Sqrt(to)));
        }

        return weights;
    }

    private static (Graph Graph, Tensor Weights) Looped(Graph graph, Tensor edgeWeights, double loopWeight)
    {
        var looped = graph.WithSelfLoops;
        var origin = looped.Graph.Kept(("origin", edgeWeights.device.type, edgeWeights.device.index), () =>
            [torch.tensor(looped.Origins().Select(e => e < 0 ? graph.EdgeCount : e).ToArray(), int64, edgeWeights.device)])[0];
        using var fill = full([1], loopWeight, edgeWeights.dtype, edgeWeights.device);
        using var all = cat([edgeWeights, fill]);
        return (looped.Graph, all.index_select(0, origin));
    }
}
