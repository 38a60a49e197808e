namespace DeepGnn.Datasets;

/// <summary>
/// Reads a node data set in the folders of the Open Graph Benchmark (Hu et al. 2020), each file with or without .gz:
/// <c>raw/edge.csv</c> [E, 2], <c>raw/num-node-list.csv</c>, <c>raw/node-feat.csv</c> [N, F], <c>raw/node-label.csv</c> [N, 1] or [N, T],
/// <c>raw/edge-feat.csv</c> [E, K], <c>split/NAME/{train,valid,test}.csv</c>. The graph becomes undirected, as the models of its
/// leaderboards have it, without repeats or self-loops; both directions of an edge get its features. Where nodes have no features
/// (ogbn-proteins), a node's are the mean of its edges', as in the benchmark's own example.
/// </summary>
internal static class OgbReader
{
    private const int MaxNodes = 1_000_000_000;

    /// <summary>The set's folder, from the path of its edge list.</summary>
    public static string FolderOf(string edgePath) => Path.GetDirectoryName(Path.GetDirectoryName(edgePath))!;

    public static NodeDataset Read(string name, string folder, Metric metric)
    {
        var nodes = NumberTable.Ints(Need(folder, "raw/num-node-list.csv"), 1, 1, MaxNodes, rows: 1)[0];
        var ends = NumberTable.Ints(Need(folder, "raw/edge.csv"), 2, 0, nodes - 1);
        var edges = ends.Length / 2;
        if (Find(folder, "raw/num-edge-list.csv") is { } counts)
        {
            NeedEqual(Need(folder, "raw/edge.csv"), "edges", edges, NumberTable.Ints(counts, 1, 0, int.MaxValue, rows: 1)[0]);
        }

        var (sources, targets) = (new int[edges], new int[edges]);
        for (var e = 0; e < edges; e++) { (sources[e], targets[e]) = (ends[2 * e], ends[(2 * e) + 1]); }
        var (graph, origins) = UndirectedEdges.ToGraphWithOrigins(Need(folder, "raw/edge.csv"), nodes, sources, targets);

        var labels = NumberTable.Floats(Need(folder, "raw/node-label.csv"), nodes);
        var several = labels.ColumnCount > 1;
        var classOf = several ? [] : Classes(folder, labels);
        var edgeFeatures = Find(folder, "raw/edge-feat.csv") is { } edgeFile ? Rows(NumberTable.Floats(edgeFile, edges), origins) : null;
        var dense = Find(folder, "raw/node-feat.csv") is { } featureFile ? NumberTable.Floats(featureFile, nodes)
            : edgeFeatures is not null ? MeanOfEdges(graph.Targets, edgeFeatures, nodes)
            : throw new DataException(folder, "found neither raw/node-feat.csv nor raw/edge-feat.csv, needed one of them (.gz or not)");

        return new()
        {
            Name = name,
            Graph = graph,
            Features = FeatureMatrix.FromDense(nodes, dense.ColumnCount, dense.Values),
            Labels = classOf,
            Targets = several ? Targets(folder, labels) : null,
            EdgeFeatures = edgeFeatures,
            ClassCount = several ? labels.ColumnCount : NodeDatasetChecks.ClassCount(folder, classOf),
            Splits = Splits(folder, nodes),
            Metric = metric,
        };
    }

    private static IReadOnlyList<NodeSplit> Splits(string folder, int nodes)
    {
        var root = Path.Combine(folder, "split");
        var names = FileReading.Try(root, () => Directory.GetDirectories(root)).Order(StringComparer.Ordinal).ToList();
        if (names.Count == 0) { throw new DataException(root, "found no folder, needed one with train.csv, valid.csv and test.csv"); }
        return [.. names.Select(split => new NodeSplit(Part(split, "train.csv"), Part(split, "valid.csv"), Part(split, "test.csv")))];

        int[] Part(string split, string file) => NumberTable.Ints(Need(split, file), 1, 0, nodes - 1);
    }

    /// <summary>One class per node; −1 is a node without label.</summary>
    private static int[] Classes(string folder, DenseMatrix labels)
    {
        var classes = new int[labels.RowCount];
        for (var i = 0; i < classes.Length; i++)
        {
            var value = labels.Values[i];
            if (value != MathF.Floor(value) || value is < -1 or > 1_000_000)
            {
                throw new DataException(
                    Need(folder, "raw/node-label.csv"),
                    $"node {i}: found label {value}, needed a whole number from 0 to 1000000, or -1 for none");
            }

            classes[i] = (int)value;
        }

        return classes;
    }

    private static LabelMatrix Targets(string folder, DenseMatrix labels)
    {
        var bytes = new byte[labels.Values.Length];
        for (var k = 0; k < bytes.Length; k++)
        {
            if (labels.Values[k] is not (0 or 1))
            {
                throw new DataException(
                    Need(folder, "raw/node-label.csv"),
                    $"node {k / labels.ColumnCount}: found label {labels.Values[k]}, needed 0 or 1");
            }

            bytes[k] = (byte)labels.Values[k];
        }

        return new(labels.RowCount, labels.ColumnCount, bytes);
    }

    private static DenseMatrix Rows(DenseMatrix from, int[] rows)
    {
        var values = new float[(long)rows.Length * from.ColumnCount];
        for (var i = 0; i < rows.Length; i++) { from.Row(rows[i]).CopyTo(values.AsSpan(i * from.ColumnCount, from.ColumnCount)); }
        return new(rows.Length, from.ColumnCount, values);
    }

    private static DenseMatrix MeanOfEdges(int[] targets, DenseMatrix features, int nodes)
    {
        var columns = features.ColumnCount;
        var sums = new double[(long)nodes * columns];
        var counts = new int[nodes];
        for (var e = 0; e < targets.Length; e++)
        {
            counts[targets[e]]++;
            var row = features.Row(e);
            for (var k = 0; k < columns; k++) { sums[((long)targets[e] * columns) + k] += row[k]; }
        }

        var means = new float[sums.Length];
        for (var k = 0; k < means.Length; k++) { means[k] = (float)(sums[k] / Math.Max(1, counts[k / columns])); }
        return new(nodes, columns, means);
    }

    private static string Need(string folder, string name) => Find(folder, name)
        ?? throw new DataException(Path.Combine(folder, name), "found no such file, needed it (.gz or not)");

    private static string? Find(string folder, string name) =>
        new[] { Path.Combine(folder, name), Path.Combine(folder, name + ".gz") }.FirstOrDefault(File.Exists);

    private static void NeedEqual(string file, string what, int found, int needed)
    {
        if (found != needed) { throw new DataException(file, $"found {found} {what}, needed {needed}"); }
    }
}
