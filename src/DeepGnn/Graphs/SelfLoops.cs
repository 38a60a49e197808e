namespace DeepGnn.Graphs;

/// <summary>
/// A graph with one self-loop at each node: first the edges that are no self-loops, in their order, then the loop of node 0, 1, …
/// </summary>
/// <param name="Original">The graph without them.</param>
/// <param name="Graph">N nodes; N + (edges that were no self-loops) edges.</param>
public sealed record SelfLoops(Graph Original, Graph Graph)
{
    internal static SelfLoops AddedTo(Graph graph)
    {
        var others = 0;
        for (var e = 0; e < graph.EdgeCount; e++) { others += IsLoop(graph, e) ? 0 : 1; }
        var (sources, targets) = (new int[others + graph.NodeCount], new int[others + graph.NodeCount]);
        var at = 0;
        for (var e = 0; e < graph.EdgeCount; e++)
        {
            if (!IsLoop(graph, e)) { (sources[at], targets[at++]) = (graph.Sources[e], graph.Targets[e]); }
        }

        for (var i = 0; i < graph.NodeCount; i++) { (sources[others + i], targets[others + i]) = (i, i); }
        var looped = new Graph(graph.NodeCount, sources, targets)
        {
            ChunkOf = graph.ChunkOf is { } chunk ? chunk with { Whole = chunk.Whole.WithSelfLoops.Graph } : null,
        };
        return new SelfLoops(graph, looped);
    }

    /// <summary>
    /// For each edge of <see cref="Graph"/> its position in the original edge list, or −1 for a loop that was not there. Of several loops at
    /// one node the last counts, as in PyG's add_remaining_self_loops. Found anew at each call: only edge weights need it, once.
    /// </summary>
    public int[] Origins()
    {
        var origins = new int[Graph.EdgeCount];
        var others = Graph.EdgeCount - Graph.NodeCount;
        Array.Fill(origins, -1, others, Graph.NodeCount);
        var at = 0;
        for (var e = 0; e < Original.EdgeCount; e++) { origins[IsLoop(Original, e) ? others + Original.Sources[e] : at++] = e; }
        return origins;
    }

    private static bool IsLoop(Graph graph, int edge) => graph.Sources[edge] == graph.Targets[edge];
}
