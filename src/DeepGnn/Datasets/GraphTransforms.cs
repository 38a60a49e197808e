using DeepGnn.Graphs;

namespace DeepGnn.Datasets;

/// <summary>
/// Changes of a graph or its features before training; each gives a new one. Row normalisation is
/// <see cref="FeatureMatrix.RowNormalized"/>.
/// </summary>
public static class GraphTransforms
{
    /// <summary>Both directions of each edge, once, without self-loops; edges sorted by target, then source.</summary>
    public static Graph Undirected(this Graph graph) => UndirectedEdges.ToGraph("graph", graph.NodeCount, graph.Sources, graph.Targets);

    /// <summary>A self-loop on each node that has none, after the other edges.</summary>
    public static Graph WithSelfLoops(this Graph graph)
    {
        var looped = new bool[graph.NodeCount];
        for (var e = 0; e < graph.EdgeCount; e++) { looped[graph.Sources[e]] |= graph.Sources[e] == graph.Targets[e]; }

        var missing = Enumerable.Range(0, graph.NodeCount).Where(node => !looped[node]).ToArray();
        return new(graph.NodeCount, [.. graph.Sources, .. missing], [.. graph.Targets, .. missing]);
    }

    /// <summary>
    /// Each feature minus its mean, divided by its deviation (that of a population), both taken over <paramref name="rows"/> only, so that
    /// valid and test nodes tell
    /// nothing; a constant feature becomes 0.
    /// </summary>
    public static FeatureMatrix Standardized(this FeatureMatrix features, IReadOnlyList<int> rows)
    {
        if (rows.Count == 0) { throw new ArgumentException("found no rows, needed at least 1"); }

        var columns = features.ColumnCount;
        var dense = features.ToDense();
        var (sums, squares) = (new double[columns], new double[columns]);
        foreach (var row in rows)
        {
            for (var j = 0; j < columns; j++) { sums[j] += dense[((long)row * columns) + j]; }
        }

        foreach (var row in rows)
        {
            for (var j = 0; j < columns; j++) { squares[j] += Math.Pow(dense[((long)row * columns) + j] - (sums[j] / rows.Count), 2); }
        }

        for (var k = 0L; k < dense.LongLength; k++)
        {
            var j = k % columns;
            var deviation = Math.Sqrt(squares[j] / rows.Count);
            dense[k] = deviation > 0 ? (float)((dense[k] - (sums[j] / rows.Count)) / deviation) : 0;
        }

        return FeatureMatrix.FromDense(features.RowCount, columns, dense);
    }
}
