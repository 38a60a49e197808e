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
        var origin = new List<int>(graph.EdgeCount + graph.NodeCount);
        for (var e = 0; e < graph.EdgeCount; e++)
        {
            if (graph.Sources[e] == graph.Targets[e]) { loops[graph.Sources[e]] = e; }
            else { origin.Add(e); }
        }

        var kept = origin.Count;
        origin.AddRange(loops);
        var (sources, targets) = (new int[origin.Count], new int[origin.Count]);
        for (var e = 0; e < origin.Count; e++)
        {
            sources[e] = e < kept ? graph.Sources[origin[e]] : e - kept;
            targets[e] = e < kept ? graph.Targets[origin[e]] : e - kept;
        }

        var looped = new Graph(graph.NodeCount, sources, targets)
        {
            ChunkOf = graph.ChunkOf is { } chunk ? chunk with { Whole = chunk.Whole.WithSelfLoops.Graph } : null,
        };
        return new SelfLoops(looped, [.. origin]);
    }
}
