namespace DeepGnn.Datasets;

/// <summary>What every set of many graphs must hold before anything trains on it.</summary>
internal static class GraphCollectionChecks
{
    /// <exception cref="DataException">Names the set, the graph, what was found and what was needed.</exception>
    public static GraphCollection Checked(string place, GraphCollection set)
    {
        if (set.ClassCount < (set.Target == GraphTarget.NodeMultiLabel ? 1 : 2))
        {
            throw new DataException(place, $"found {set.ClassCount} classes, needed at least 2");
        }

        var counts = new int[set.ClassCount];
        for (var g = 0; g < set.Graphs.Count; g++) { CheckGraph($"{place}: graph {set.Graphs[g].Name}", set, set.Graphs[g], counts); }

        var empty = Array.IndexOf(counts, 0);
        if (empty >= 0 && set.Target != GraphTarget.NodeMultiLabel)
        {
            throw new DataException(place, $"class {empty} of {set.ClassCount}: found no sample, needed at least 1");
        }

        if (set.Splits.Count == 0) { throw new DataException(place, "found no splits, needed at least 1"); }
        for (var s = 0; s < set.Splits.Count; s++) { set.Splits[s].Check($"{place}: split {s}", "graph", set.Graphs.Count); }
        return set;
    }

    private static void CheckGraph(string place, GraphCollection set, GraphSample sample, int[] counts)
    {
        var nodes = sample.Graph.NodeCount;
        var features = sample.Features;
        if (features.RowCount != nodes || features.ColumnCount != set.FeatureCount)
        {
            throw new DataException(
                place,
                $"found features of shape [{features.RowCount}, {features.ColumnCount}], needed [{nodes}, {set.FeatureCount}]");
        }

        if (!Array.TrueForAll(features.Values, float.IsFinite))
        {
            throw new DataException(place, "found a feature that is not finite, needed finite numbers");
        }

        if (set.Target == GraphTarget.NodeMultiLabel)
        {
            if (sample.NodeTargets is not { } targets || targets.RowCount != nodes || targets.ColumnCount != set.ClassCount)
            {
                throw new DataException(
                    place,
                    $"found labels of shape [{sample.NodeTargets?.RowCount}, {sample.NodeTargets?.ColumnCount}], needed [{nodes}, {set.ClassCount}]");
            }

            return;
        }

        int[]? labels = set.Target == GraphTarget.Node ? sample.NodeLabels : sample.Label is { } label ? [label] : null;
        var needed = set.Target == GraphTarget.Node ? nodes : 1;
        if (labels?.Length != needed) { throw new DataException(place, $"found {labels?.Length ?? 0} labels, needed {needed}"); }

        foreach (var found in labels)
        {
            if (found < (set.Target == GraphTarget.Node ? -1 : 0) || found >= set.ClassCount)
            {
                throw new DataException(place, $"found label {found}, needed 0 to {set.ClassCount - 1}");
            }

            if (found >= 0) { counts[found]++; }
        }
    }
}
