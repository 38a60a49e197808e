using Contracts;
using DeepGnn.Datasets;
using DeepGnn.Graphs;

namespace DeepGnn.Sampling;

/// <summary>
/// The mini-batches of nodes that a run trains with. Those of an epoch depend on (seed, epoch) alone, so a resumed training sees the ones of an
/// undisturbed one.
/// </summary>
public sealed class NodeBatches
{
    private const int DefaultSeedNodes = 1_024;
    private readonly Func<int, IEnumerable<Subgraph>> _epoch;

    private NodeBatches(int count, Func<int, IEnumerable<Subgraph>> epoch) => (Count, _epoch) = (count, epoch);

    /// <summary>Batches of an epoch, at most: parts without a train node are left out.</summary>
    public int Count { get; }

    /// <summary>
    /// Share of the graph's edges within the batches of the first epoch (each epoch draws others, with nearly the same share); null for sampled
    /// neighbours, which may share edges.
    /// </summary>
    public double? KeptEdgeShare { get; private init; }

    /// <summary>Nodes cluster by cluster where there are clusters: an order in which neighbours are near each other.</summary>
    public IReadOnlyList<int>? Order { get; private init; }

    /// <summary>From a spec's words; null for the whole graph at once.</summary>
    /// <param name="sampling">A spec without faults.</param>
    /// <param name="graph">The whole graph.</param>
    /// <param name="train">Nodes that count for the loss.</param>
    /// <param name="seed">The run's.</param>
    /// <exception cref="DataSpecException">More parts than nodes: says both.</exception>
    public static NodeBatches? Of(SamplingSpec sampling, Graph graph, int[] train, int seed) => sampling.Method switch
    {
        SamplingMethod.RandomParts => RandomParts(sampling, graph, train, seed),
        SamplingMethod.Clusters => OfClusters(sampling, graph, train, seed),
        SamplingMethod.Neighbors => Neighbors(sampling, graph, train, seed),
        _ => null,
    };

    /// <summary>The batches of one epoch, made when they are asked for; each has a node that counts.</summary>
    public IEnumerable<Subgraph> Epoch(int epoch) => _epoch(epoch).Where(batch => batch.Counted.Length > 0);

    private static NodeBatches RandomParts(SamplingSpec sampling, Graph graph, int[] train, int seed)
    {
        CheckParts(sampling, graph);
        return OfParts(
            sampling, graph, train, epoch => NodeParts.Random(graph.NodeCount, sampling.Parts, seed, epoch).Combined(sampling.PartsPerBatch, seed, epoch), null);
    }

    private static NodeBatches OfClusters(SamplingSpec sampling, Graph graph, int[] train, int seed)
    {
        CheckParts(sampling, graph);
        var clusters = Clusters.Of(graph, sampling.Parts, seed);
        int[] order = [.. Enumerable.Range(0, clusters.Count).SelectMany(part => clusters.Nodes(part).ToArray())];
        return OfParts(sampling, graph, train, epoch => clusters.Combined(sampling.PartsPerBatch, seed, epoch), order);
    }

    private static NodeBatches OfParts(SamplingSpec sampling, Graph graph, int[] train, Func<int, NodeParts> parts, int[]? order)
    {
        var counted = new bool[graph.NodeCount];
        foreach (var node in train) { counted[node] = true; }
        var count = (sampling.Parts + sampling.PartsPerBatch - 1) / sampling.PartsPerBatch;
        return new(count, epoch => parts(epoch).Subgraphs(graph, counted)) { KeptEdgeShare = parts(1).ShareKept(graph), Order = order };
    }

    private static NodeBatches Neighbors(SamplingSpec sampling, Graph graph, int[] train, int seed)
    {
        var size = sampling.BatchSize > 0 ? sampling.BatchSize : DefaultSeedNodes;
        var neighbors = new NeighborSampling(graph, train, size, sampling.Fanouts, seed);
        return new(neighbors.BatchCount, neighbors.Batches);
    }

    private static void CheckParts(SamplingSpec sampling, Graph graph)
    {
        if (sampling.Parts > graph.NodeCount)
        {
            throw new DataSpecException("$.training.sampling.parts", $"found {sampling.Parts} parts for {graph.NodeCount} nodes, needed at most as many");
        }
    }
}
