using System.Globalization;
using DeepGnn.Datasets.Numpy;
using DeepGnn.Graphs;

namespace DeepGnn.Datasets;

/// <summary>
/// Reads the citation sets of Yang et al. (ICML 2016), files <c>ind.NAME.*</c>: <c>x</c>, <c>y</c> the training nodes, <c>allx</c>,
/// <c>ally</c> all nodes but the test ones, <c>tx</c>, <c>ty</c> the test nodes in the order of <c>test.index</c>, and <c>graph</c> a dict
/// of
/// neighbour lists. The public split: train is the nodes of <c>x</c>, valid the next 500, test those of <c>test.index</c>.
/// Ids missing between the test ids (15 in CiteSeer) are isolated nodes with no features, no label and no split. The graph is that of
/// PyG: undirected, without repeats or self-loops.
/// </summary>
internal static class PlanetoidReader
{
    private const int ValidNodes = 500;

    /// <param name="name">The catalogue's name.</param>
    /// <param name="files">Paths of x, y, tx, ty, allx, ally, graph, test.index.</param>
    public static NodeDataset Read(string name, IReadOnlyList<string> files)
    {
        var (allFeatures, testFeatures) = (Matrix(files[4]), Matrix(files[2]));
        var (allLabels, testLabels) = (Labels(files[5], out var classes), Labels(files[3], out var testClasses));
        var trainCount = Labels(files[1], out _).Length;
        NeedEqual(files[5], "labels", allLabels.Length, allFeatures.RowCount);
        NeedEqual(files[3], "labels", testLabels.Length, testFeatures.RowCount);
        NeedEqual(files[3], "classes", testClasses, classes);
        NeedEqual(files[2], "features", testFeatures.ColumnCount, allFeatures.ColumnCount);
        NeedEqual(files[0], "training nodes", Matrix(files[0]).RowCount, trainCount);

        var neighbors = Neighbors(files[6]);
        var testNodes = TestNodes(files[7], allLabels.Length, testLabels.Length, neighbors);
        var nodes = testNodes.Max() + 1;
        var validCount = Math.Min(ValidNodes, allLabels.Length - trainCount);
        return new()
        {
            Name = name,
            Graph = ToGraph(files[6], nodes, neighbors),
            Features = Join(nodes, allFeatures, testFeatures, testNodes),
            Labels = Join(nodes, allLabels, testLabels, testNodes),
            ClassCount = classes,
            Splits = [new([.. Enumerable.Range(0, trainCount)], [.. Enumerable.Range(trainCount, Math.Max(0, validCount))], [.. testNodes.Order()])],
        };
    }

    private static SparseMatrix Matrix(string file) => PickleReader.Read(file, FileReading.Bytes(file)) as SparseMatrix
        ?? throw new DataException(file, "found another pickled thing, needed a SciPy CSR matrix");

    /// <summary>Classes of one-hot rows; a row of zeros is a node without label.</summary>
    private static int[] Labels(string file, out int classes)
    {
        var array = PickleReader.Read(file, FileReading.Bytes(file)) as NumpyArray
            ?? throw new DataException(file, "found another pickled thing, needed a NumPy array");
        var (rows, columns) = (array.NeedRank(2).Shape[0], array.Shape[1]);
        var hot = array.ToBools("one-hot label");
        var labels = new int[rows];
        for (var i = 0; i < rows; i++)
        {
            var row = hot.AsSpan(i * columns, columns);
            labels[i] = row.IndexOf(true);
            if (row.Count(true) > 1) { throw new DataException(file, $"row {i}: found {row.Count(true)} classes, needed 1"); }
        }

        classes = columns;
        return labels;
    }

    private static IReadOnlyDictionary<long, object?> Neighbors(string file) =>
        PickleReader.Read(file, FileReading.Bytes(file)) is PickleDict dict && dict.Numbers.Count == dict.Count
        ? dict.Numbers
        : throw new DataException(file, "found another pickled thing, needed a dict of neighbour lists by node");

    private static int[] TestNodes(string file, int first, int count, IReadOnlyDictionary<long, object?> neighbors)
    {
        // Nodes beyond the ones with features must at least be in the graph: an id cannot make the set larger than its files are.
        var limit = Math.Max(first + count, neighbors.Count);
        var nodes = new List<int>();
        var seen = new HashSet<int>();
        foreach (var line in FileReading.Lines(file).Where(line => line.Length > 0))
        {
            if (!int.TryParse(line, NumberStyles.AllowTrailingWhite | NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture, out var node)
                || node < first || node >= limit || !seen.Add(node))
            {
                throw new DataException(
                    file,
                    $"line {nodes.Count + 1}: found {(line.Length > 40 ? line[..40] : line)}, needed another node from {first} to {limit - 1}");
            }

            nodes.Add(node);
            if (nodes.Count > count) { break; }
        }

        NeedEqual(file, "test nodes", nodes.Count, count);
        return nodes.Count > 0 ? [.. nodes] : throw new DataException(file, "found no test nodes, needed at least 1");
    }

    private static Graph ToGraph(string file, int nodes, IReadOnlyDictionary<long, object?> neighbors)
    {
        var (sources, targets) = (new List<int>(), new List<int>());
        foreach (var (node, list) in neighbors)
        {
            if (list is not PickleList items) { throw new DataException(file, $"node {node}: found no list of neighbours, needed one"); }
            foreach (var item in items)
            {
                if (node < 0 || node >= nodes || item is not long neighbor || neighbor < 0 || neighbor >= nodes)
                {
                    throw new DataException(
                        file,
                        $"edge {sources.Count}: found {node} to {item ?? "None"}, needed nodes from 0 to {nodes - 1}");
                }

                sources.Add((int)node);
                targets.Add((int)neighbor);
            }
        }

        return UndirectedEdges.ToGraph(file, nodes, [.. sources], [.. targets]);
    }

    private static int[] Join(int nodes, int[] all, int[] test, int[] testNodes)
    {
        var labels = new int[nodes];
        Array.Fill(labels, -1);
        all.CopyTo(labels, 0);
        for (var i = 0; i < testNodes.Length; i++) { labels[testNodes[i]] = test[i]; }
        return labels;
    }

    private static FeatureMatrix Join(int nodes, SparseMatrix all, SparseMatrix test, int[] testNodes)
    {
        var testRow = new int[nodes];
        Array.Fill(testRow, -1);
        for (var i = 0; i < testNodes.Length; i++) { testRow[testNodes[i]] = i; }

        var offsets = new int[nodes + 1];
        var columns = new List<int>(all.Columns.Length + test.Columns.Length);
        var values = new List<float>(columns.Capacity);
        for (var node = 0; node < nodes; node++)
        {
            var (part, row) = node < all.RowCount ? (all, node) : (test, testRow[node]);
            if (row >= 0)
            {
                columns.AddRange(part.Columns.AsSpan(part.Offsets[row]..part.Offsets[row + 1]));
                values.AddRange(part.Values.AsSpan(part.Offsets[row]..part.Offsets[row + 1]));
            }

            offsets[node + 1] = columns.Count;
        }

        return new() { RowCount = nodes, ColumnCount = all.ColumnCount, Offsets = offsets, Columns = [.. columns], Values = [.. values] };
    }

    private static void NeedEqual(string file, string what, int found, int needed)
    {
        if (found != needed) { throw new DataException(file, $"found {found} {what}, needed {needed}"); }
    }
}
