namespace DeepGnn.Datasets;

/// <summary>
/// Reads the TU text format (Morris et al., TUDataset, 2020): a folder with <c>NAME_A.txt</c> (edges "i, j", nodes of all graphs counted
/// from
/// 1), <c>NAME_graph_indicator.txt</c> (graph of each node, from 1), <c>NAME_graph_labels.txt</c>, and optionally
/// <c>NAME_node_labels.txt</c> and
/// <c>NAME_node_attributes.txt</c>. Features are the attributes, then the node label one-hot, as in PyG. Folds as in
/// <see cref="TuGraphReader"/>.
/// Edge labels and edge attributes are not read.
/// </summary>
internal static class TuFolderReader
{
    /// <param name="name">The catalogue's name.</param>
    /// <param name="adjacencyPath">Path of <c>NAME_A.txt</c>; the other files are beside it.</param>
    public static GraphCollection Read(string name, string adjacencyPath)
    {
        var stem = adjacencyPath[..^"A.txt".Length];
        var labels = NumberTable.Ints(stem + "graph_labels.txt", 1, int.MinValue, int.MaxValue);
        var graphOf = NumberTable.Ints(stem + "graph_indicator.txt", 1, 1, labels.Length);
        var starts = Starts(stem + "graph_indicator.txt", graphOf, labels.Length);
        var edges = NumberTable.Ints(adjacencyPath, 2, 1, graphOf.Length);
        var (sources, targets) = (Empty(labels.Length), Empty(labels.Length));
        for (var e = 0; e < edges.Length; e += 2)
        {
            var (source, target) = (edges[e] - 1, edges[e + 1] - 1);
            var graph = graphOf[source] - 1;
            if (graphOf[target] - 1 != graph)
            {
                throw new DataException(
                    adjacencyPath,
                    $"edge {e / 2}: found nodes of graphs {graph + 1} and {graphOf[target]}, needed one graph");
            }

            sources[graph].Add(source - starts[graph]);
            targets[graph].Add(target - starts[graph]);
        }

        var tags = File.Exists(stem + "node_labels.txt") ? NumberTable.Ints(stem + "node_labels.txt", 1, int.MinValue, int.MaxValue, graphOf.Length) : null;
        var attributes = File.Exists(stem + "node_attributes.txt") ? NumberTable.Floats(stem + "node_attributes.txt", graphOf.Length) : null;
        return TuGraphs.ToCollection(name, adjacencyPath, [.. Enumerable.Range(0, labels.Length).Select(g => new RawGraph(
            labels[g],
            UndirectedEdges.ToGraph($"{adjacencyPath}: graph {g + 1}", starts[g + 1] - starts[g], [.. sources[g]], [.. targets[g]]),
            tags?[starts[g]..starts[g + 1]],
            attributes is null ? [] : [.. Enumerable.Range(starts[g], starts[g + 1] - starts[g]).Select(i => attributes.Row(i).ToArray())]))]);
    }

    /// <summary>First node of each graph; the nodes of a graph lie together.</summary>
    private static int[] Starts(string file, int[] graphOf, int graphs)
    {
        var starts = new int[graphs + 1];
        for (var i = 0; i < graphOf.Length; i++)
        {
            if (i > 0 && graphOf[i] < graphOf[i - 1])
            {
                throw new DataException(file, $"line {i + 1}: found graph {graphOf[i]} after {graphOf[i - 1]}, needed rising numbers");
            }

            starts[graphOf[i]]++;
        }

        for (var g = 0; g < graphs; g++)
        {
            if (starts[g + 1] == 0) { throw new DataException(file, $"graph {g + 1}: found no nodes, needed at least 1"); }
            starts[g + 1] += starts[g];
        }

        return starts;
    }

    private static List<int>[] Empty(int count) => [.. Enumerable.Range(0, count).Select(_ => new List<int>())];
}
