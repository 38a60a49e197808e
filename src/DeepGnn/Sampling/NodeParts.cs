using DeepGnn.Datasets;
using DeepGnn.Graphs;

namespace DeepGnn.Sampling;

/// <summary>The nodes of a graph divided into parts: each node in exactly one, no part empty.</summary>
public sealed class NodeParts
{
    private const int DrawingStream = 20;
    private const int CombiningStream = 21;
    private readonly int[] _partOf;
    private readonly Lazy<Adjacency> _members;

    /// <summary>Parts from a list.</summary>
    /// <param name="partOf">Length N: the part of each node, in [0, P); must not be changed afterwards.</param>
    /// <param name="count">P.</param>
    /// <exception cref="ArgumentException">A part is out of range or empty.</exception>
    public NodeParts(int[] partOf, int count)
    {
        CheckCount(count, partOf.Length);
        var sizes = new int[count];
        for (var node = 0; node < partOf.Length; node++)
        {
            if ((uint)partOf[node] >= (uint)count)
            {
                throw new ArgumentException($"node {node}: found part {partOf[node]}, needed a part from 0 to {count - 1}");
            }

            sizes[partOf[node]]++;
        }

        var empty = Array.IndexOf(sizes, 0);
        if (empty >= 0) { throw new ArgumentException($"part {empty}: found no nodes, needed at least 1"); }
        (_partOf, Count) = (partOf, count);
        _members = new(() => Adjacency.Group(count, _partOf, [.. Enumerable.Range(0, _partOf.Length)]));
    }

    /// <summary>Number of parts P.</summary>
    public int Count { get; }

    /// <summary>Length N: the part of each node.</summary>
    public IReadOnlyList<int> PartOf => _partOf;

    /// <summary>
    /// Parts drawn at random, all of ⌊N/P⌋ or ⌈N/P⌉ nodes; only about 1/P of the edges stay within parts.
    /// Source: Li et al., "DeeperGCN", arXiv 2006.07739, and "Training Graph Neural Networks with 1000 Layers", arXiv 2106.07476 (ogbn-products,
    /// ogbn-proteins). Differs: deep_gcns_torch draws the part of each node by itself, so that its parts differ in size; PyG's RandomNodeLoader
    /// deals a permutation, as here.
    /// </summary>
    /// <param name="nodeCount">N.</param>
    /// <param name="parts">P in [1, N].</param>
    /// <param name="seed">Equal (seed, epoch) give equal parts on every machine.</param>
    /// <param name="epoch">Other epochs give other parts.</param>
    /// <exception cref="ArgumentException">P is below 1 or above N: says both.</exception>
    public static NodeParts Random(int nodeCount, int parts, int seed, int epoch)
    {
        CheckCount(parts, nodeCount);
        var partOf = Enumerable.Range(0, nodeCount).Select(node => node % parts).ToArray();
        new SeededRandom(seed, DrawingStream, epoch).Shuffle(partOf);
        return new(partOf, parts);
    }

    /// <summary>The nodes of one part, rising.</summary>
    public ReadOnlySpan<int> Nodes(int part) =>
        _members.Value.Neighbors.AsSpan(_members.Value.Offsets[part], _members.Value.Degree(part));

    /// <summary>
    /// Larger parts made of <paramref name="together"/> parts each, drawn at random without replacement (the last of what is left): the edges
    /// between parts that meet are kept too. Source: Chiang et al., "Cluster-GCN", arXiv 1905.07953, section 3.2 (stochastic multiple partitions).
    /// </summary>
    /// <param name="together">q in [1, P].</param>
    /// <param name="seed">Equal (seed, epoch) give equal combinations on every machine.</param>
    /// <param name="epoch">Other epochs give other combinations.</param>
    /// <exception cref="ArgumentException">q is below 1 or above P: says both.</exception>
    public NodeParts Combined(int together, int seed, int epoch)
    {
        if (together < 1 || together > Count)
        {
            throw new ArgumentException($"parts in a batch: found {together}, needed 1 to {Count}, the number of parts");
        }

        var order = Enumerable.Range(0, Count).ToArray();
        new SeededRandom(seed, CombiningStream, epoch).Shuffle(order);
        var combined = new int[Count];
        for (var at = 0; at < Count; at++) { combined[order[at]] = at / together; }
        return new(Array.ConvertAll(_partOf, part => combined[part]), (Count + together - 1) / together);
    }

    /// <summary>Share of the graph's edges with both ends in one part, self-loops included; 1 without edges.</summary>
    public double ShareKept(Graph graph)
    {
        CheckFits(graph);
        long kept = 0;
        for (var e = 0; e < graph.EdgeCount; e++) { kept += _partOf[graph.Sources[e]] == _partOf[graph.Targets[e]] ? 1 : 0; }
        return graph.EdgeCount == 0 ? 1 : (double)kept / graph.EdgeCount;
    }

    /// <summary>The subgraph induced by each part, part by part, made when it is asked for.</summary>
    /// <param name="graph">The graph whose nodes these are.</param>
    /// <param name="counted">Length N: which nodes count for the loss; null: all.</param>
    public IEnumerable<Subgraph> Subgraphs(Graph graph, bool[]? counted = null)
    {
        CheckFits(graph);
        var positions = Subgraph.NoPositions(graph);
        return Enumerable.Range(0, Count).Select(part => Subgraph.Induced(graph, Nodes(part).ToArray(), counted, positions));
    }

    internal static void CheckCount(int parts, int nodeCount)
    {
        if (parts < 1 || parts > nodeCount)
        {
            throw new ArgumentException($"parts: found {parts}, needed 1 to {nodeCount}, the number of nodes");
        }
    }

    private void CheckFits(Graph graph)
    {
        if (graph.NodeCount != _partOf.Length)
        {
            throw new ArgumentException($"parts: found {_partOf.Length} nodes, needed the graph's {graph.NodeCount}");
        }
    }
}
