using DeepGnn.Graphs;

namespace DeepGnn.Datasets;

/// <summary>Makes the simple undirected graph of an edge list: both directions of each edge, once, without self-loops.</summary>
internal static class UndirectedEdges
{
    /// <param name="place">File, for messages.</param>
    /// <param name="nodeCount">N.</param>
    /// <param name="sources">Length E, in any order and with any repeats.</param>
    /// <param name="targets">Length E.</param>
    /// <returns>A graph whose edges are sorted by target, then source, so that it does not depend on the order in the file.</returns>
    /// <exception cref="DataException">An end lies outside [0, N): names edge, found and needed.</exception>
    public static Graph ToGraph(string place, int nodeCount, ReadOnlySpan<int> sources, ReadOnlySpan<int> targets) =>
        ToGraph(place, nodeCount, sources, targets, origins: null);

    /// <summary>The same, with the position of each edge in the list it came from (the first, where it was there more than once).</summary>
    public static (Graph Graph, int[] Origins) ToGraphWithOrigins(string place, int nodeCount, ReadOnlySpan<int> sources, ReadOnlySpan<int> targets)
    {
        var origins = new int[sources.Length * 2L];
        var graph = ToGraph(place, nodeCount, sources, targets, origins);
        return (graph, origins[..graph.EdgeCount]);
    }

    private static Graph ToGraph(string place, int nodeCount, ReadOnlySpan<int> sources, ReadOnlySpan<int> targets, int[]? origins)
    {
        if (nodeCount < 1) { throw new DataException(place, "found no nodes, needed at least 1"); }

        var keys = new long[sources.Length * 2L];
        var count = 0;
        for (var e = 0; e < sources.Length; e++)
        {
            var (source, target) = (sources[e], targets[e]);
            if ((uint)source >= (uint)nodeCount || (uint)target >= (uint)nodeCount)
            {
                throw new DataException(place, $"edge {e}: found {source} to {target}, needed nodes from 0 to {nodeCount - 1}");
            }

            if (source == target) { continue; }
            if (origins is not null) { origins[count] = origins[count + 1] = e; }
            keys[count++] = ((long)target * nodeCount) + source;
            keys[count++] = ((long)source * nodeCount) + target;
        }

        Array.Sort(keys, origins, 0, count);
        var unique = 0;
        for (var k = 0; k < count; k++)
        {
            if (unique > 0 && keys[k] == keys[unique - 1])
            {
                // The sort keeps no order among equals.
                if (origins is not null) { origins[unique - 1] = Math.Min(origins[unique - 1], origins[k]); }
                continue;
            }

            if (origins is not null) { origins[unique] = origins[k]; }
            keys[unique++] = keys[k];
        }

        var (from, to) = (new int[unique], new int[unique]);
        for (var k = 0; k < unique; k++) { (to[k], from[k]) = ((int)(keys[k] / nodeCount), (int)(keys[k] % nodeCount)); }
        return new Graph(nodeCount, from, to);
    }
}
