using System.Collections.Concurrent;
using DeepGnn.Memory;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Graphs;

/// <summary>
/// A directed graph of N nodes and E edges. Edges go source → target and messages are aggregated at the target; an undirected edge is
/// two directed ones. Repeated edges count as often as they appear; nodes without edges are allowed.
/// </summary>
public sealed class Graph
{
    private readonly Lazy<Adjacency> _incoming;
    private readonly Lazy<Adjacency> _outgoing;
    private readonly Lazy<SelfLoops> _selfLoops;
    private readonly Lazy<bool> _isolated;
    private readonly ConcurrentDictionary<object, IReadOnlyList<Tensor>> _tensors = new();

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
        _incoming = new(() => Adjacency.Of(NodeCount, Targets, Sources));
        _outgoing = new(() => Adjacency.Group(NodeCount, Sources, Targets));
        _selfLoops = new(() => SelfLoops.AddedTo(this));
        _isolated = new(() => Enumerable.Range(0, NodeCount).Any(i => Incoming.Degree(i) == 0));
    }

    private Graph(Graph other, int targets, IReadOnlyList<int>? order)
    {
        (NodeCount, Sources, Targets) = (other.NodeCount, other.Sources, other.Targets);
        (_incoming, _outgoing, _selfLoops, _isolated, _tensors) = (other._incoming, other._outgoing, other._selfLoops, other._isolated, other._tensors);
        Batch = other.Batch;
        Chunks = new(other, targets, order);
    }

    /// <summary>Number of nodes N.</summary>
    public int NodeCount { get; }

    /// <summary>Number of directed edges E.</summary>
    public int EdgeCount => Sources.Length;

    /// <summary>Length E: source of each edge, in the order given.</summary>
    public int[] Sources { get; }

    /// <summary>Length E: target of each edge, in the order given.</summary>
    public int[] Targets { get; }

    /// <summary>Which of several disjoint graphs each node belongs to, where this one is their union; null: it is one graph.</summary>
    public GraphBatch? Batch { get; init; }

    /// <summary>Edges grouped by target; the neighbours are sources. Aggregation walks this.</summary>
    public Adjacency Incoming => _incoming.Value;

    /// <summary>Edges grouped by source; the neighbours are targets. The backward pass of aggregation walks this.</summary>
    public Adjacency Outgoing => _outgoing.Value;

    /// <summary>How convolutions are to be evaluated piece by piece, see <see cref="InChunks"/>; null: all at once.</summary>
    public GraphChunks? Chunks { get; }

    /// <summary>What a chunk was cut out of; null: a graph of its own.</summary>
    internal ChunkOrigin? ChunkOf { get; init; }

    /// <summary>
    /// The same graph for evaluation with bounded memory: each convolution is computed for some targets at a time, with the same result but for
    /// rounding. Only convolutions are; what works on rows or on all nodes (normalisations, the perceptron of the prediction) is as before.
    /// </summary>
    /// <param name="targets">Targets computed at once, at least 1.</param>
    /// <param name="order">Each node once: neighbours near each other make fewer rows to be gathered; null: by index.</param>
    public Graph InChunks(int targets, IReadOnlyList<int>? order = null) => new(this, targets, order);

    /// <summary>Number of incoming edges; that in the whole graph for a node of a chunk. What degree normalisation is made of.</summary>
    internal int InDegree(int node) => ChunkOf is { } chunk ? chunk.Whole.Incoming.Degree(chunk.Nodes[node]) : Incoming.Degree(node);

    /// <summary>The rows that count: those of a chunk's targets, [t, D] of [n, D], or all. Nothing is copied.</summary>
    internal Tensor TargetRows(Tensor x) =>
        ChunkOf is { } chunk && x.shape[0] == NodeCount ? x.narrow(0, 0, chunk.TargetCount) : x;

    /// <summary>This graph with exactly one self-loop at each node; made once.</summary>
    public SelfLoops WithSelfLoops => _selfLoops.Value;

    /// <summary>The edges as tensors on <paramref name="device"/>, made once for each device.</summary>
    public EdgeIndex IndexOn(Device device)
    {
        var found = Kept((nameof(EdgeIndex), device.type, device.index), () =>
        [
            torch.tensor(Sources, int64, device),
            torch.tensor(Targets, int64, device),
            torch.tensor(Enumerable.Range(0, NodeCount).Select(Incoming.Degree).ToArray(), int64, device),
        ]);
        return new EdgeIndex(found[0], found[1], found[2]);
    }

    /// <summary>Whether some node has no incoming edge.</summary>
    internal bool HasIsolated => _isolated.Value;

    /// <summary>[N, 1]: 1 for nodes with incoming edges, 0 for the others; type and device of <paramref name="like"/>, made once for each.</summary>
    public Tensor HasIncoming(Tensor like) => Kept((nameof(HasIncoming), like.dtype, like.device.type, like.device.index), () =>
        [torch.tensor(Enumerable.Range(0, NodeCount).Select(i => Incoming.Degree(i) > 0 ? 1.0 : 0.0).ToArray(), like.dtype, like.device).unsqueeze(1)])[0];

    /// <summary>[N]: 1 / (number of incoming edges), 1 where there are none; kept as <see cref="HasIncoming"/> is.</summary>
    internal Tensor InverseDegrees(Tensor like) => Kept((nameof(InverseDegrees), like.dtype, like.device.type, like.device.index), () =>
        [torch.tensor(Enumerable.Range(0, NodeCount).Select(i => 1.0 / Math.Max(1, Incoming.Degree(i))).ToArray(), like.dtype, like.device)])[0];

    /// <summary>
    /// Tensors that depend on the graph alone (normalised weights, say), made at the first call with <paramref name="key"/>. They belong to
    /// the graph: callers must not dispose or change them.
    /// </summary>
    public IReadOnlyList<Tensor> Kept(object key, Func<Tensor[]> make) => _tensors.GetOrAdd(key, _ =>
    {
        using var scope = NewDisposeScope();
        using var constant = no_grad();
        return [.. make().Select(tensor => tensor.DetachFromDisposeScope())];
    });

    /// <summary>
    /// Frees the tensors kept for this graph (and for its self-looped twin) at once instead of at the next garbage collection; for graphs that
    /// live as long as one batch. The graph stays usable.
    /// </summary>
    public void ReleaseTensors()
    {
        foreach (var key in _tensors.Keys)
        {
            if (!_tensors.TryRemove(key, out var kept)) { continue; }
            foreach (var tensor in kept) { tensor.Dispose(); }
        }

        if (_selfLoops.IsValueCreated) { _selfLoops.Value.Graph.ReleaseTensors(); }
    }

    /// <summary>What the graph keeps at present: edges, adjacencies, its self-looped twin and its chunks where they were made, and the tensors kept for it.</summary>
    internal HeldBytes Held
    {
        get
        {
            var held = HeldBytes.OfArrays(Sources, Targets) + HeldBytes.OfTensors(_tensors.Values.SelectMany(kept => kept));
            if (_incoming.IsValueCreated) { held += Incoming.Held; }
            if (_outgoing.IsValueCreated) { held += Outgoing.Held; }
            if (_selfLoops.IsValueCreated) { held += WithSelfLoops.Graph.Held; }
            return held + (Chunks?.Held ?? default);
        }
    }

    private static ArgumentException OutOfRange(string end, int edge, int value, int nodeCount) =>
        new($"edge {edge}: found {end} {value}, needed a node from 0 to {nodeCount - 1}");
}
