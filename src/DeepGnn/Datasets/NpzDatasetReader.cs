using DeepGnn.Datasets.Numpy;
using DeepGnn.Graphs;

namespace DeepGnn.Datasets;

/// <summary>
/// Reads a graph from a <c>.npz</c> file in one of three layouts:
/// heterophilous (Platonov et al. 2023: <c>node_features</c>, <c>node_labels</c>, <c>edges</c> [E, 2], <c>*_masks</c> [S, N]);
/// GNN-benchmark (Shchur et al. 2018: <c>adj_data/indices/indptr/shape</c>, <c>attr_*</c> or <c>attr_matrix</c>, <c>labels</c>);
/// GraphData (<c>adj_matrix</c>, <c>node_attr</c> as pickled SciPy matrices, <c>node_label</c>).
/// The last two have no splits: see <see cref="Splits"/>. All graphs are made undirected, without repeats or self-loops.
/// </summary>
internal static class NpzDatasetReader
{
    private const int GeneratedSplits = 10;

    public static NodeDataset Read(string name, string path, Metric metric)
    {
        using var npz = new NpzReader(path);
        var data = npz.Has("node_features") ? Heterophilous(name, path, npz)
            : npz.Has("adj_data") ? Benchmark(name, path, npz)
            : npz.Has("adj_matrix") ? Pickled(name, path, npz)
            : throw new DataException(path, $"found the arrays {string.Join(", ", npz.Names.Take(20))}, needed node_features, adj_data or adj_matrix");
        return data with { Metric = metric };
    }

    private static NodeDataset Heterophilous(string name, string path, NpzReader npz)
    {
        var features = npz.Read("node_features").NeedRank(2);
        var labels = Labels(npz.Read("node_labels"));
        var (nodes, columns) = (features.Shape[0], features.Shape[1]);
        var edges = npz.Read("edges").NeedRank(2);
        if (edges.Shape[1] != 2)
        {
            throw new DataException(edges.Place, $"found shape {NumpyArray.Describe(edges.Shape)}, needed [edges, 2]");
        }

        var train = npz.Read("train_masks").NeedRank(2);
        var splits = train.Shape[0];
        return new()
        {
            Name = name,
            Graph = ToGraph(edges, nodes),
            Features = FeatureMatrix.FromDense(nodes, columns, features.ToFloats("feature")),
            Labels = labels,
            ClassCount = NodeDatasetChecks.ClassCount(path, labels),
            Splits = NodeSplits.FromMasks(splits, nodes, Mask(train), Mask(npz.Read("val_masks")), Mask(npz.Read("test_masks"))),
        };

        bool[] Mask(NumpyArray mask) => mask.Shape is [var rows, var length] && rows == splits && length == nodes
            ? mask.ToBools("mask")
            : throw new DataException(mask.Place, $"found shape {NumpyArray.Describe(mask.Shape)}, needed [{splits}, {nodes}]");
    }

    private static NodeDataset Benchmark(string name, string path, NpzReader npz)
    {
        var adjacency = Sparse("adj");
        var features = npz.Has("attr_matrix") ? Dense(npz.Read("attr_matrix")) : Sparse("attr").ToFeatures();
        return FromAdjacency(name, path, adjacency, features, Labels(npz.Read("labels")));

        SparseMatrix Sparse(string part) => SparseMatrix.From(
            $"{path}: {part}_*",
            npz.Read($"{part}_shape").NeedRank(1).ToInts("length", 0),
            npz.Read($"{part}_indptr"),
            npz.Read($"{part}_indices"),
            npz.Read($"{part}_data"));
    }

    private static NodeDataset Pickled(string name, string path, NpzReader npz)
    {
        var adjacency = Object(npz.Read("adj_matrix")) as SparseMatrix
            ?? throw new DataException(path, "adj_matrix: found another thing, needed a SciPy CSR matrix");
        var features = Object(npz.Read("node_attr")) switch
        {
            SparseMatrix sparse => sparse.ToFeatures(),
            NumpyArray dense => Dense(dense),
            _ => throw new DataException(path, "node_attr: found another thing, needed a SciPy CSR matrix or an array"),
        };
        return FromAdjacency(name, path, adjacency, features, Labels(npz.Read("node_label")));

        static object? Object(NumpyArray array) => array.Objects is null ? array
            : array.Objects.Count == 1 ? array.Objects[0]
            : throw new DataException(array.Place, $"found {array.Objects.Count} objects, needed 1");
    }

    private static NodeDataset FromAdjacency(string name, string path, SparseMatrix adjacency, FeatureMatrix features, int[] labels)
    {
        if (adjacency.RowCount != adjacency.ColumnCount)
        {
            throw new DataException(
                adjacency.Place,
                $"found an adjacency of {adjacency.RowCount} by {adjacency.ColumnCount}, needed a square one");
        }

        var sources = new List<int>();
        var targets = new List<int>();
        for (var i = 0; i < adjacency.RowCount; i++)
        {
            for (var k = adjacency.Offsets[i]; k < adjacency.Offsets[i + 1]; k++)
            {
                // A stored zero is no edge.
                if (adjacency.Values[k] != 0) { sources.Add(i); targets.Add(adjacency.Columns[k]); }
            }
        }

        var classes = NodeDatasetChecks.ClassCount(path, labels);
        return new()
        {
            Name = name,
            Graph = UndirectedEdges.ToGraph(adjacency.Place, adjacency.RowCount, [.. sources], [.. targets]),
            Features = features,
            Labels = labels,
            ClassCount = classes,
            Splits = Splits(path, labels, classes),
        };
    }

    /// <summary>
    /// Ten splits of 20 training and 30 valid nodes per class, the rest test: those of <c>plain/SET/splits10.npy</c> (uint8 [10, N]: 0
    /// train,
    /// 1 valid, 2 test) beside the file where they are, else drawn with seeds 0 to 9.
    /// </summary>
    private static IReadOnlyList<NodeSplit> Splits(string path, int[] labels, int classes)
    {
        var beside = Path.Combine(Path.GetDirectoryName(path) ?? ".", "plain", Path.GetFileNameWithoutExtension(path), "splits10.npy");
        if (!File.Exists(beside))
        {
            return [.. Enumerable.Range(0, GeneratedSplits).Select(seed => NodeSplits.PerClass(labels, classes, 20, 30, seed))];
        }

        var array = NpyReader.ReadFile(beside).NeedRank(2);
        if (array.Shape[1] != labels.Length)
        {
            throw new DataException(beside, $"found splits of {array.Shape[1]} nodes, needed {labels.Length}");
        }

        var parts = array.ToInts("part", 0, 2);
        return NodeSplits.FromMasks(array.Shape[0], labels.Length, Mask(0), Mask(1), Mask(2));

        bool[] Mask(int part) => Array.ConvertAll(parts, found => found == part);
    }

    private static Graph ToGraph(NumpyArray edges, int nodes)
    {
        var ends = edges.ToInts("edge", 0, nodes - 1);
        var (sources, targets) = (new int[ends.Length / 2], new int[ends.Length / 2]);
        for (var e = 0; e < sources.Length; e++) { (sources[e], targets[e]) = (ends[2 * e], ends[(2 * e) + 1]); }
        return UndirectedEdges.ToGraph(edges.Place, nodes, sources, targets);
    }

    private static FeatureMatrix Dense(NumpyArray array) =>
        FeatureMatrix.FromDense(array.NeedRank(2).Shape[0], array.Shape[1], array.ToFloats("feature"));

    /// <summary>A million classes is no label set, and would cost memory for each.</summary>
    private static int[] Labels(NumpyArray array) => array.NeedRank(1).ToInts("label of node", -1, 1_000_000);
}
