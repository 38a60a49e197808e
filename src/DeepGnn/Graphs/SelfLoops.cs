namespace DeepGnn.Graphs;

/// <summary>
/// A graph with one self-loop at each node: first the edges that are no self-loops, in their order, then the loop of node 0, 1, …
/// </summary>
/// <param name="Graph">N nodes; N + (edges that were no self-loops) edges.</param>
/// <param name="Origin">
/// For each edge of <paramref name="Graph"/> its position in the original edge list, or −1 for a loop that was not there. Of several loops at
/// one node the last counts, as in PyG's add_remaining_self_loops.
/// </param>
public sealed record SelfLoops(Graph Graph, int[] Origin)
{
    internal static SelfLoops AddedTo(Graph graph)
    {
        var loops = new int[graph.NodeCount];
        Array.Fill(loops, -1);
        var kept = 0;
        for (var e = 0; e < graph.EdgeCount; e++)
        {
            if (graph.Sources[e] == graph.Targets[e]) { loops[graph.Sources[e]] = e; }
            else { kept++; }
        }

        var count = kept + loops.Length;
        var (origin, sources, targets) = (new int[count], new int[count], new int[count]);
        var at = 0;
        for (var e = 0; e < graph.EdgeCount; e++)
        {
            if (graph.Sources[e] != graph.Targets[e]) { (origin[at], sources[at], targets[at++]) = (e, graph.Sources[e], graph.Targets[e]); }
        }

        for (var i = 0; i < loops.Length; i++) { (origin[kept + i], sources[kept + i], targets[kept + i]) = (loops[i], i, i); }
        var looped = new Graph(graph.NodeCount, sources, targets)
        {
            ChunkOf = graph.ChunkOf is { } chunk ? chunk with { Whole = chunk.Whole.WithSelfLoops.Graph } : null,
        };
        return new SelfLoops(looped, origin);
    }
}
