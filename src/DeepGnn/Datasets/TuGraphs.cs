using DeepGnn.Graphs;

namespace DeepGnn.Datasets;

/// <summary>A graph as both TU text layouts give it: tags may be absent (null), attributes may be of length 0.</summary>
internal sealed record RawGraph(int Label, Graph Graph, IReadOnlyList<int>? Tags, IReadOnlyList<float[]> Attributes);

/// <summary>Makes a collection of graphs read from a TU text layout.</summary>
internal static class TuGraphs
{
    public static GraphCollection ToCollection(string name, string path, IReadOnlyList<RawGraph> raw)
    {
        if (raw.Count == 0) { throw new DataException(path, "found no graphs, needed at least 1"); }

        var classes = raw.Select(graph => graph.Label).Distinct().Order().ToList();
        var tags = raw.SelectMany(graph => graph.Tags ?? []).Distinct().Order().ToArray();
        var width = raw[0].Attributes.Count > 0 ? raw[0].Attributes[0].Length : 0;
        var labels = raw.Select(graph => classes.IndexOf(graph.Label)).ToArray();
        var graphs = raw.Select((graph, g) =>
            new GraphSample($"{g}", graph.Graph, Features(path, g, graph, width, tags)) { Label = labels[g] }).ToList();
        return new()
        {
            Name = name,
            Graphs = graphs,
            FeatureCount = graphs[0].Features.ColumnCount,
            ClassCount = classes.Count,
            Target = GraphTarget.Graph,
            Splits = Splits(path, labels),
        };
    }

    private static FeatureMatrix Features(string path, int number, RawGraph graph, int width, int[] tags)
    {
        // Without tags and attributes every node is like the others: one constant feature.
        var columns = Math.Max(1, width + tags.Length);
        var nodes = graph.Graph.NodeCount;
        var dense = new float[nodes * columns];
        for (var i = 0; i < nodes; i++)
        {
            var attributes = graph.Attributes.Count > 0 ? graph.Attributes[i] : [];
            if (attributes.Length != width)
            {
                throw new DataException(
                    path,
                    $"graph {number}, node {i}: found {attributes.Length} attributes, needed {width} as in the first graph");
            }

            attributes.CopyTo(dense, i * columns);
            if (graph.Tags is { } own) { dense[(i * columns) + width + Array.BinarySearch(tags, own[i])] = 1; }
            else if (width == 0) { dense[i * columns] = 1; }
        }

        return FeatureMatrix.FromDense(nodes, columns, dense);
    }

    private static IReadOnlyList<SampleSplit> Splits(string path, int[] labels)
    {
        var folder = Path.Combine(Path.GetDirectoryName(path) ?? ".", "10fold_idx");
        var folds = Directory.Exists(folder)
            ? [.. Enumerable.Range(1, TuGraphReader.FoldCount).Select(k => Fold(Path.Combine(folder, $"test_idx-{k}.txt"), labels.Length))]
            : NodeSplits.Folds(labels, TuGraphReader.FoldCount, seed: 0);

        var tested = folds.SelectMany(fold => fold).ToArray();
        if (tested.Distinct().Count() != tested.Length)
        {
            throw new DataException(folder, "found folds that overlap, needed each graph in at most one");
        }

        // The published folds are of equal size and leave a few graphs over (8 of MUTAG, 3 of PROTEINS): those always train.
        return [.. Enumerable.Range(0, folds.Count).Select(k => (Test: folds[k], Valid: folds[(k + 1) % folds.Count]))
            .Select(part => new SampleSplit([.. Enumerable.Range(0, labels.Length).Except(part.Test).Except(part.Valid)], part.Valid, part.Test))];
    }

    private static int[] Fold(string file, int graphs) => [.. NumberTable.Ints(file, 1, 0, graphs - 1).Order()];
}
