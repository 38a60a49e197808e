using DeepGnn.Datasets;
using DeepGnn.Graphs;

namespace DeepGnn.Sampling;

/// <summary>Several graphs side by side as one graph without edges between them.</summary>
/// <param name="Samples">The graphs, in the order of their nodes here.</param>
/// <param name="Graph">All nodes and edges, graph by graph; its <see cref="Graph.Batch"/> has the graph of each node.</param>
/// <param name="Features">Node features [N, F], sparse as those of the graphs are.</param>
public sealed record DisjointBatch(IReadOnlyList<GraphSample> Samples, Graph Graph, FeatureMatrix Features)
{
    private const int OrderStream = 23;

    /// <summary>Puts graphs together.</summary>
    /// <exception cref="ArgumentException">No graph, or one whose features differ in width from the first one's: names it and both widths.</exception>
    public static DisjointBatch Of(IReadOnlyList<GraphSample> samples)
    {
        if (samples.Count == 0) { throw new ArgumentException("batch: found no graphs, needed at least 1"); }
        var firstNode = new int[samples.Count + 1];
        for (var g = 0; g < samples.Count; g++) { firstNode[g + 1] = checked(firstNode[g] + samples[g].Graph.NodeCount); }

        var graphOfNode = new int[firstNode[^1]];
        for (var g = 0; g < samples.Count; g++) { graphOfNode.AsSpan(firstNode[g]..firstNode[g + 1]).Fill(g); }

        int[] sources = [.. samples.SelectMany((sample, g) => sample.Graph.Sources.Select(node => firstNode[g] + node))];
        int[] targets = [.. samples.SelectMany((sample, g) => sample.Graph.Targets.Select(node => firstNode[g] + node))];
        var graph = new Graph(graphOfNode.Length, sources, targets) { Batch = new GraphBatch(graphOfNode, samples.Count) };
        return new(samples, graph, FeaturesOf(samples));
    }

    /// <summary>The batches of one epoch, made when they are asked for; the last one has what is left.</summary>
    /// <param name="samples">All graphs.</param>
    /// <param name="chosen">Positions of those to be dealt (the train split, say).</param>
    /// <param name="batchSize">Graphs in a batch, at least 1.</param>
    /// <param name="seed">Equal (seed, epoch) give equal batches on every machine.</param>
    /// <param name="epoch">Other epochs give other orders.</param>
    public static IEnumerable<DisjointBatch> Shuffled(
        IReadOnlyList<GraphSample> samples, IReadOnlyList<int> chosen, int batchSize, int seed, int epoch)
    {
        if (batchSize < 1) { throw new ArgumentException($"batch size: found {batchSize}, needed at least 1"); }
        int[] order = [.. chosen];
        new SeededRandom(seed, OrderStream, epoch).Shuffle(order);
        return order.Chunk(batchSize).Select(batch => Of([.. batch.Select(g => samples[g])]));
    }

    private static FeatureMatrix FeaturesOf(IReadOnlyList<GraphSample> samples)
    {
        var width = samples[0].Features.ColumnCount;
        return samples.FirstOrDefault(sample => sample.Features.ColumnCount != width) is { } other
            ? throw new ArgumentException($"graph {other.Name}: found {other.Features.ColumnCount} features, needed {width} as graph {samples[0].Name} has")
            : FeatureMatrix.Stack([.. samples.Select(sample => sample.Features)]);
    }
}
