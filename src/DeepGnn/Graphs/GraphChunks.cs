using DeepGnn.Memory;
using static TorchSharp.torch;

namespace DeepGnn.Graphs;

/// <summary>
/// A graph cut up by targets: each chunk holds some nodes with all their incoming edges, so that what a convolution computes for them is what it
/// computes on the whole graph. Evaluating chunk after chunk bounds what a convolution holds besides its input and output (hidden rows of a
/// perceptron, attention scores) by the chunk.
/// </summary>
public sealed class GraphChunks
{
    private readonly Graph _whole;
    private readonly List<GraphChunk> _chunks = [];

    internal GraphChunks(Graph whole, int targets, IReadOnlyList<int>? order)
    {
        if (targets < 1) { throw new ArgumentException($"targets of a chunk: found {targets}, needed at least 1"); }
        order ??= [.. Enumerable.Range(0, whole.NodeCount)];
        if (!order.Order().SequenceEqual(Enumerable.Range(0, whole.NodeCount)))
        {
            throw new ArgumentException($"order of chunks: found {order.Count} nodes, needed each of {whole.NodeCount} once");
        }

        _whole = whole;
        var positions = new int[whole.NodeCount];
        Array.Fill(positions, -1);
        foreach (var chunk in order.Chunk(targets)) { _chunks.Add(GraphChunk.Of(whole, chunk, positions)); }
    }

    /// <summary>Number of chunks.</summary>
    public int Count => _chunks.Count;

    /// <summary>Rows that all chunks hold together, targets and sources; as many as nodes if no edge left its chunk.</summary>
    public long RowCount => _chunks.Sum(chunk => (long)chunk.Nodes.Length);

    internal HeldBytes Held => _chunks.Aggregate(default(HeldBytes), (sum, chunk) => sum + HeldBytes.OfArrays(chunk.Nodes, chunk.Edges) + chunk.Graph.Held);

    /// <summary>
    /// Puts the rows of each chunk's targets, the first of what <paramref name="convolve"/> gives for it, where they belong: [N, D'].
    /// </summary>
    internal Tensor Rows(Func<GraphChunk, Tensor> convolve)
    {
        Tensor? all = null;
        foreach (var chunk in _chunks)
        {
            using var scope = NewDisposeScope();
            var rows = chunk.Graph.TargetRows(convolve(chunk));
            all ??= empty([_whole.NodeCount, rows.shape[1]], rows.dtype, rows.device).MoveToOuterDisposeScope();
            all.index_copy_(0, tensor(chunk.Nodes[..chunk.TargetCount], int64, rows.device), rows);
        }

        return all!;
    }
}

/// <summary>Some nodes of a graph, the targets first, then the sources of their edges.</summary>
/// <param name="Graph">All incoming edges of the targets, in the whole graph's order at each; sources that are no targets have none.</param>
/// <param name="Nodes">Each node's index in the whole graph.</param>
/// <param name="Edges">Each edge's position in the whole graph's edge list.</param>
/// <param name="TargetCount">Number of targets.</param>
internal sealed record GraphChunk(Graph Graph, int[] Nodes, int[] Edges, int TargetCount)
{
    /// <summary>Rows of the chunk's nodes: [N, D] gives [n, D].</summary>
    public Tensor Pick(Tensor x) => x.index_select(0, tensor(Nodes, int64, x.device));

    /// <summary>Rows of the chunk's edges: [E, K] gives [e, K].</summary>
    public Tensor? PickEdges(Tensor? edges) => edges?.index_select(0, tensor(Edges, int64, edges.device));

    /// <param name="whole">The graph.</param>
    /// <param name="targets">Distinct nodes.</param>
    /// <param name="positions">Scratch space of length N, all −1 before and after.</param>
    public static GraphChunk Of(Graph whole, int[] targets, int[] positions)
    {
        var nodes = new List<int>(targets);
        for (var i = 0; i < targets.Length; i++) { positions[targets[i]] = i; }

        var (to, from, edges) = (new List<int>(), new List<int>(), new List<int>());
        var incoming = whole.Incoming;
        for (var i = 0; i < targets.Length; i++)
        {
            for (var k = incoming.Offsets[targets[i]]; k < incoming.Offsets[targets[i] + 1]; k++)
            {
                ref var position = ref positions[incoming.Neighbors[k]];
                if (position < 0)
                {
                    position = nodes.Count;
                    nodes.Add(incoming.Neighbors[k]);
                }

                from.Add(position);
                to.Add(i);
                edges.Add(incoming.Edges[k]);
            }
        }

        foreach (var node in nodes) { positions[node] = -1; }
        int[] all = [.. nodes];
        var graph = new Graph(all.Length, [.. from], [.. to]) { ChunkOf = new(whole, all, targets.Length) };
        return new(graph, all, [.. edges], targets.Length);
    }
}

/// <summary>Where a chunk comes from.</summary>
/// <param name="Whole">The graph it was cut out of.</param>
/// <param name="Nodes">Each node's index there.</param>
/// <param name="TargetCount">Number of targets, which come first.</param>
internal sealed record ChunkOrigin(Graph Whole, int[] Nodes, int TargetCount);
