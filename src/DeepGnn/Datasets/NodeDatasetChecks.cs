namespace DeepGnn.Datasets;

/// <summary>What every node data set must hold before anything trains on it.</summary>
internal static class NodeDatasetChecks
{
    /// <exception cref="DataException">Names the file, the record, what was found and what was needed.</exception>
    public static NodeDataset Checked(string place, NodeDataset data)
    {
        var nodes = data.Graph.NodeCount;
        if (data.Features.RowCount != nodes)
        {
            throw new DataException(place, $"found features of {data.Features.RowCount} nodes, needed {nodes}");
        }

        if (data.Features.ColumnCount < 1) { throw new DataException(place, "found no features, needed at least 1"); }
        if (data.Targets is { } targets) { CheckTargets(place, targets, nodes, data.ClassCount); }
        else { CheckLabels(place, data.Labels, nodes, data.ClassCount); }

        if (data.EdgeFeatures is { } edges && edges.RowCount != data.Graph.EdgeCount)
        {
            throw new DataException(place, $"found features of {edges.RowCount} edges, needed {data.Graph.EdgeCount}");
        }

        for (var k = 0; k < data.Features.Values.Length; k++)
        {
            if (!float.IsFinite(data.Features.Values[k]))
            {
                throw new DataException(place, $"feature entry {k}: found {data.Features.Values[k]}, needed a finite number");
            }
        }

        if (data.Splits.Count == 0) { throw new DataException(place, "found no splits, needed at least 1"); }
        for (var s = 0; s < data.Splits.Count; s++)
        {
            CheckSplit($"{place}: split {s}", data.Splits[s], nodes, data.Targets is null ? data.Labels : null);
        }

        return data;
    }

    /// <summary>
    /// One more than the largest label. More classes than nodes means classes without one; refused here, before splits are drawn for each.
    /// </summary>
    public static int ClassCount(string place, int[] labels)
    {
        var largest = labels.Length == 0 ? -1 : labels.Max();
        return largest < labels.Length
            ? largest + 1
            : throw new DataException(place, $"found label {largest} among {labels.Length} nodes, needed labels from 0 with a node for each");
    }

    private static void CheckLabels(string place, int[] labels, int nodes, int classes)
    {
        if (labels.Length != nodes) { throw new DataException(place, $"found {labels.Length} labels, needed {nodes}"); }
        if (classes < 2) { throw new DataException(place, $"found {classes} classes, needed at least 2"); }

        var counts = new int[classes];
        for (var i = 0; i < nodes; i++)
        {
            if (labels[i] < -1 || labels[i] >= classes)
            {
                throw new DataException(place, $"node {i}: found label {labels[i]}, needed 0 to {classes - 1}, or -1 for none");
            }

            if (labels[i] >= 0) { counts[labels[i]]++; }
        }

        var empty = Array.IndexOf(counts, 0);
        if (empty >= 0) { throw new DataException(place, $"class {empty} of {classes}: found no node, needed at least 1"); }
    }

    private static void CheckTargets(string place, LabelMatrix targets, int nodes, int classes)
    {
        if (targets.RowCount != nodes || targets.ColumnCount != classes)
        {
            throw new DataException(
                place,
                $"found labels of shape [{targets.RowCount}, {targets.ColumnCount}], needed [{nodes}, {classes}]");
        }
    }

    private static void CheckSplit(string place, NodeSplit split, int count, int[]? labels)
    {
        var seen = new bool[count];
        foreach (var (name, nodes) in new[] { ("train", split.Train), ("valid", split.Valid), ("test", split.Test) })
        {
            if (nodes.Length == 0) { throw new DataException(place, $"found no {name} nodes, needed at least 1"); }
            foreach (var node in nodes)
            {
                if ((uint)node >= (uint)count) { throw new DataException(place, $"found {name} node {node}, needed 0 to {count - 1}"); }
                if (labels?[node] < 0) { throw new DataException(place, $"found {name} node {node} without label, needed a labelled one"); }
                if (seen[node]) { throw new DataException(place, $"found node {node} twice (again in {name}), needed it once"); }
                seen[node] = true;
            }
        }
    }
}
