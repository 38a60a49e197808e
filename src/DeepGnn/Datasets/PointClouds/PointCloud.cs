namespace DeepGnn.Datasets.PointClouds;

/// <summary>P points in space with K features each (colour, intensity …).</summary>
/// <param name="Name">The set's own name of the cloud.</param>
/// <param name="Positions">Length 3 P: x, y, z of each point, in metres where the set says so.</param>
/// <param name="Features">[P, K]; K may be 0.</param>
public sealed record PointCloud(string Name, float[] Positions, DenseMatrix Features)
{
    /// <summary>Number of points P.</summary>
    public int PointCount => Positions.Length / 3;

    /// <summary>Class of each point in [0, C), where points are to be classified.</summary>
    public int[]? PointLabels { get; init; }

    /// <summary>Class of the cloud in [0, C), where whole clouds are.</summary>
    public int? Label { get; init; }

    /// <summary>The points at the given positions, in that order.</summary>
    public PointCloud Pick(string name, IReadOnlyList<int> points)
    {
        var (positions, features) = (new float[3 * points.Count], new float[points.Count * Features.ColumnCount]);
        for (var i = 0; i < points.Count; i++)
        {
            Positions.AsSpan(3 * points[i], 3).CopyTo(positions.AsSpan(3 * i));
            Features.Row(points[i]).CopyTo(features.AsSpan(i * Features.ColumnCount));
        }

        return new(name, positions, new(points.Count, Features.ColumnCount, features))
        {
            PointLabels = PointLabels is { } labels ? [.. points.Select(point => labels[point])] : null,
            Label = Label,
        };
    }
}
