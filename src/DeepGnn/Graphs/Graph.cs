namespace DeepGnn.Graphs;

/// <summary>
/// A directed graph of N nodes and E edges. Edges go source → target and messages are aggregated at the target; an undirected edge is
/// two directed ones. Repeated edges count as often as they appear; nodes without edges are allowed.
/// </summary>
public sealed class Graph
{
    private readonly Lazy<Adjacency> _incoming;
    private readonly Lazy<Adjacency> _outgoing;

    /// <summary>A graph over a copy-free edge list; the arrays must not be changed afterwards.</summary>
    /// <param name="nodeCount">N ≥ 1.</param>
    /// <param name="sources">Length E: source of each edge, in [0, N).</param>
    /// <param name="targets">Length E: target of each edge, in [0, N).</param>
    /// <exception cref="ArgumentException">The arrays differ in length, or an end lies outside [0, N): names the edge, the value and N.</exception>
    public Graph(int nodeCount, int[] sources, int[] targets)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(nodeCount, 1);
        if (sources.Length != targets.Length)
        {
            throw new ArgumentException($"found {sources.Length} sources and {targets.Length} targets, needed as many of each");
        }

        for (var e = 0; e < sources.Length; e++)
        {
            if ((uint)sources[e] >= (uint)nodeCount) { throw OutOfRange("source", e, sources[e], nodeCount); }
            if ((uint)targets[e] >= (uint)nodeCount) { throw OutOfRange("target", e, targets[e], nodeCount); }
        }

        NodeCount = nodeCount;
        Sources = sources;
        Targets = targets;
        _incoming = new(() => Adjacency.Group(NodeCount, Targets, Sources));
        _outgoing = new(() => Adjacency.Group(NodeCount, Sources, Targets));
    }

    /// <summary>Number of nodes N.</summary>
    public int NodeCount { get; }

    /// <summary>Number of directed edges E.</summary>
    public int EdgeCount => Sources.Length;

    /// <summary>Length E: source of each edge, in the order given.</summary>
    public int[] Sources { get; }

    /// <summary>Length E: target of each edge, in the order given.</summary>
    public int[] Targets { get; }

    /// <summary>Edges grouped by target; the neighbours are sources. Aggregation walks this.</summary>
    public Adjacency Incoming => _incoming.Value;

    /// <summary>Edges grouped by source; the neighbours are targets. The backward pass of aggregation walks this.</summary>
    public Adjacency Outgoing => _outgoing.Value;

    private static ArgumentException OutOfRange(string end, int edge, int value, int nodeCount) =>
        new($"edge {edge}: found {end} {value}, needed a node from 0 to {nodeCount - 1}");
}
