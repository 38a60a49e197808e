using DeepGnn.Graphs;

namespace DeepGnn.Sampling;

/// <summary>A part of a graph as a graph of its own, and where each of its nodes and edges comes from.</summary>
/// <param name="Graph">n nodes, e edges; node i here is node <c>Nodes[i]</c> of the whole graph.</param>
/// <param name="Nodes">Length n: each node's index in the whole graph; rows of features and labels are picked by it.</param>
/// <param name="Edges">Length e: each edge's position in the whole graph's edge list; rows of edge features are picked by it.</param>
/// <param name="Counted">Nodes of this graph, in [0, n), that count for the loss; the others are only seen by them.</param>
public sealed record Subgraph(Graph Graph, int[] Nodes, int[] Edges, int[] Counted)
{
    /// <summary>
    /// The subgraph induced by some nodes: all edges with both ends among them, target by target and in the whole graph's order at each, so
    /// that sums are what they are there. Time O(n + their incoming edges), and once N.
    /// </summary>
    /// <param name="whole">N nodes.</param>
    /// <param name="nodes">Distinct nodes in [0, N), at least one; they keep this order.</param>
    /// <param name="counted">Length N: which nodes count for the loss; null: all.</param>
    /// <exception cref="ArgumentException">No node, a node out of range, or one that comes twice.</exception>
    public static Subgraph Induced(Graph whole, int[] nodes, bool[]? counted = null) =>
        Induced(whole, nodes, counted, NoPositions(whole));

    /// <summary>The same with scratch space that many calls share: length N, all −1 before and after.</summary>
    internal static Subgraph Induced(Graph whole, int[] nodes, bool[]? counted, int[] positions)
    {
        if (nodes.Length == 0) { throw new ArgumentException("subgraph: found no nodes, needed at least 1"); }
        for (var i = 0; i < nodes.Length; i++) { Place(whole, nodes, i, positions); }

        var (sources, targets, edges) = (new List<int>(), new List<int>(), new List<int>());
        var incoming = whole.Incoming;
        for (var i = 0; i < nodes.Length; i++)
        {
            for (var k = incoming.Offsets[nodes[i]]; k < incoming.Offsets[nodes[i] + 1]; k++)
            {
                var source = positions[incoming.Neighbors[k]];
                if (source < 0) { continue; }
                sources.Add(source);
                targets.Add(i);
                edges.Add(incoming.Edges[k]);
            }
        }

        foreach (var node in nodes) { positions[node] = -1; }
        var count = Enumerable.Range(0, nodes.Length).Where(i => counted is null || counted[nodes[i]]);
        return new(new Graph(nodes.Length, [.. sources], [.. targets]), nodes, [.. edges], [.. count]);
    }

    internal static int[] NoPositions(Graph whole)
    {
        var positions = new int[whole.NodeCount];
        Array.Fill(positions, -1);
        return positions;
    }

    private static void Place(Graph whole, int[] nodes, int at, int[] positions)
    {
        var node = nodes[at];
        if ((uint)node >= (uint)whole.NodeCount)
        {
            throw new ArgumentException($"subgraph: found node {node}, needed a node from 0 to {whole.NodeCount - 1}");
        }

        if (positions[node] >= 0) { throw new ArgumentException($"subgraph: found node {node} twice, needed distinct nodes"); }
        positions[node] = at;
    }
}
