using DeepGnn.Datasets;
using DeepGnn.Graphs;

namespace DeepGnn.Sampling;

/// <summary>
/// Mini-batches of seed nodes with a sample of what lies upstream of them: hop by hop, each node that came in the hop before (the seeds at
/// first) gets fanout of its incoming edges, drawn uniformly without replacement, or all where it has no more. Nodes stand in the order in
/// which they were first seen, seeds first; edges go towards the node that drew them, grouped by it, so a node has at most its hop's fanout of
/// incoming edges and the nodes of the last hop have none.
/// <para>A model of more layers than fanouts runs all its layers on the same subgraph: depth and reach are chosen apart (Zeng et al.,
/// "Decoupling the Depth and Scope of Graph Neural Networks", arXiv 2201.07858). A model of fewer layers than fanouts wastes the outer hops.</para>
/// Source: Hamilton et al., "Inductive Representation Learning on Large Graphs", arXiv 1706.02216, algorithm 2; PyG NeighborLoader (directed
/// subgraphs). Differs: the paper draws with replacement where a node has fewer neighbours than the fanout.
/// </summary>
public sealed class NeighborSampling
{
    private const int SeedStream = 22;
    private readonly Graph _graph;
    private readonly int[] _seeds;
    private readonly int _batchSize;
    private readonly int[] _fanouts;
    private readonly int _seed;

    /// <summary>A way to sample; draws nothing yet.</summary>
    /// <param name="graph">The whole graph.</param>
    /// <param name="seeds">Distinct nodes whose predictions are wanted (the train nodes, say), at least one.</param>
    /// <param name="batchSize">Seeds in a batch B ≥ 1; the last batch has what is left.</param>
    /// <param name="fanouts">Incoming edges drawn for a node, hop by hop from the seeds; −1 is all, 0 none. At least one hop.</param>
    /// <param name="seed">Equal (seed, epoch) give equal batches on every machine.</param>
    /// <exception cref="ArgumentException">One of these does not hold: says which, found and needed.</exception>
    public NeighborSampling(Graph graph, IReadOnlyList<int> seeds, int batchSize, IReadOnlyList<int> fanouts, int seed)
    {
        if (seeds.Count == 0) { throw new ArgumentException("seeds: found none, needed at least 1"); }
        if (batchSize < 1) { throw new ArgumentException($"batch size: found {batchSize}, needed at least 1"); }
        if (fanouts.Count == 0) { throw new ArgumentException("fanouts: found none, needed one for each hop"); }
        for (var hop = 0; hop < fanouts.Count; hop++)
        {
            if (fanouts[hop] < -1) { throw new ArgumentException($"fanout {hop}: found {fanouts[hop]}, needed -1 (all) or more"); }
        }

        var seen = new bool[graph.NodeCount];
        foreach (var node in seeds)
        {
            if ((uint)node >= (uint)graph.NodeCount)
            {
                throw new ArgumentException($"seeds: found node {node}, needed a node from 0 to {graph.NodeCount - 1}");
            }

            if (seen[node]) { throw new ArgumentException($"seeds: found node {node} twice, needed distinct nodes"); }
            seen[node] = true;
        }

        (_graph, _seeds, _batchSize, _fanouts, _seed) = (graph, [.. seeds], batchSize, [.. fanouts], seed);
    }

    /// <summary>Number of batches in an epoch.</summary>
    public int BatchCount => (_seeds.Length + _batchSize - 1) / _batchSize;

    /// <summary>The batches of one epoch, made when they are asked for; in each the seeds are the nodes that count.</summary>
    /// <param name="epoch">Other epochs draw other orders and neighbours.</param>
    public IEnumerable<Subgraph> Batches(int epoch)
    {
        var random = new SeededRandom(_seed, SeedStream, epoch);
        var order = (int[])_seeds.Clone();
        random.Shuffle(order);
        var positions = Subgraph.NoPositions(_graph);
        for (var first = 0; first < order.Length; first += _batchSize)
        {
            yield return Sample(order.AsSpan(first, Math.Min(_batchSize, order.Length - first)), random, positions);
        }
    }

    private Subgraph Sample(ReadOnlySpan<int> seeds, SeededRandom random, int[] positions)
    {
        var nodes = new List<int>(seeds.Length);
        var (sources, targets, edges) = (new List<int>(), new List<int>(), new List<int>());
        foreach (var node in seeds) { PositionOf(node); }

        var begin = 0;
        foreach (var fanout in _fanouts)
        {
            var end = nodes.Count;
            for (var target = begin; target < end; target++)
            {
                foreach (var entry in Drawn(nodes[target], fanout, random))
                {
                    sources.Add(PositionOf(_graph.Incoming.Neighbors[entry]));
                    targets.Add(target);
                    edges.Add(_graph.Incoming.Edges[entry]);
                }
            }

            begin = end;
        }

        foreach (var node in nodes) { positions[node] = -1; }
        var graph = new Graph(nodes.Count, [.. sources], [.. targets]);
        return new(graph, [.. nodes], [.. edges], [.. Enumerable.Range(0, seeds.Length)]);

        int PositionOf(int node)
        {
            if (positions[node] < 0)
            {
                positions[node] = nodes.Count;
                nodes.Add(node);
            }

            return positions[node];
        }
    }

    // Selection sampling (Knuth, The Art of Computer Programming 2, algorithm 3.4.2 S): the entries drawn keep their order.
    private IEnumerable<int> Drawn(int node, int fanout, SeededRandom random)
    {
        var (at, left) = (_graph.Incoming.Offsets[node], _graph.Incoming.Degree(node));
        var wanted = fanout < 0 ? left : Math.Min(fanout, left);
        for (; wanted > 0; at++, left--)
        {
            if (wanted < left && random.NextInt(left) >= wanted) { continue; }
            wanted--;
            yield return at;
        }
    }
}
