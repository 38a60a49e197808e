namespace DeepGnn.Datasets.PointClouds;

/// <summary>Point clouds whose points, or which as a whole, are to be classified.</summary>
public sealed record PointCloudDataset
{
    /// <summary>The catalogue's name.</summary>
    public required string Name { get; init; }

    /// <summary>The clouds; all have the features of <see cref="FeatureNames"/>.</summary>
    public required IReadOnlyList<PointCloud> Clouds { get; init; }

    /// <summary>Names of the K features of a point, positions not among them.</summary>
    public required IReadOnlyList<string> FeatureNames { get; init; }

    /// <summary>Names of the C classes.</summary>
    public required IReadOnlyList<string> ClassNames { get; init; }

    /// <summary>Whether points are classified (segmentation) rather than whole clouds.</summary>
    public required bool Segmentation { get; init; }

    /// <summary>
    /// Whether clouds are blocks cut from larger scenes: positions are within the block already, and the last three features are the point's
    /// place in its whole scene, from 0 to 1 along each axis.
    /// </summary>
    public bool Cut { get; init; }

    /// <summary>At least one way to divide the clouds.</summary>
    public required IReadOnlyList<SampleSplit> Splits { get; init; }

    /// <exception cref="DataException">A cloud is empty, has a number that is not finite, another number of features or a label out of
    /// range; or a split does not fit.</exception>
    internal PointCloudDataset Checked()
    {
        var counts = new int[ClassNames.Count];
        foreach (var cloud in Clouds) { Check($"{Name}: cloud {cloud.Name}", cloud, counts); }

        var empty = Array.IndexOf(counts, 0);
        if (empty >= 0) { throw new DataException(Name, $"class {ClassNames[empty]}: found no sample, needed at least 1"); }
        for (var s = 0; s < Splits.Count; s++) { Splits[s].Check($"{Name}: split {s}", "cloud", Clouds.Count); }
        return this;
    }

    private void Check(string place, PointCloud cloud, int[] counts)
    {
        if (cloud.PointCount < 1 || cloud.Positions.Length % 3 != 0)
        {
            throw new DataException(place, $"found {cloud.Positions.Length} coordinates, needed three of each of at least 1 point");
        }

        if (cloud.Features.RowCount != cloud.PointCount || cloud.Features.ColumnCount != FeatureNames.Count)
        {
            throw new DataException(
                place,
                $"found features of shape [{cloud.Features.RowCount}, {cloud.Features.ColumnCount}], needed [{cloud.PointCount}, {FeatureNames.Count}]");
        }

        var bad = Array.FindIndex(cloud.Positions, value => !float.IsFinite(value));
        if (bad >= 0)
        {
            throw new DataException(place, $"point {bad / 3}: found coordinate {cloud.Positions[bad]}, needed a finite number");
        }

        bad = Array.FindIndex(cloud.Features.Values, value => !float.IsFinite(value));
        if (bad >= 0)
        {
            throw new DataException(
                place,
                $"point {bad / FeatureNames.Count}: found {FeatureNames[bad % FeatureNames.Count]} {cloud.Features.Values[bad]}, needed a finite number");
        }

        int[]? labels = Segmentation ? cloud.PointLabels : cloud.Label is { } label ? [label] : null;
        var needed = Segmentation ? cloud.PointCount : 1;
        if (labels?.Length != needed) { throw new DataException(place, $"found {labels?.Length ?? 0} labels, needed {needed}"); }
        foreach (var found in labels)
        {
            if ((uint)found >= (uint)counts.Length)
            {
                throw new DataException(place, $"found label {found}, needed 0 to {counts.Length - 1}");
            }

            counts[found]++;
        }
    }
}
