namespace DeepGnn.Datasets.PointClouds;

/// <summary>What a model sees of a point beside its neighbours.</summary>
public static class CloudPreparation
{
    private static readonly string[] s_places = ["place x", "place y", "place z"];

    /// <summary>
    /// The set as models take it. Features get mean 0 and deviation 1 over the points of the clouds that train (those without spread become
    /// 0). Segmentation: z counts from the cloud's lowest point, and three features follow: the point's place in its cloud from 0 to 1 along
    /// each axis; with colours these are the nine channels of PointNet and DeepGCNs for S3DIS. Sets that are cut into blocks have their own.
    /// Classification: clouds are centred and scaled into the unit ball (<see cref="CloudTransforms.ToUnitBall"/>).
    /// </summary>
    /// <param name="data">A checked set.</param>
    /// <param name="train">Clouds of the train split: no other decides the scales.</param>
    public static PointCloudDataset Prepared(this PointCloudDataset data, IReadOnlyList<int> train)
    {
        var own = data.FeatureNames.Count - (data.Cut ? 3 : 0);
        var scales = Enumerable.Range(0, own).Select(k => Scale([.. train.Select(i => data.Clouds[i].Features)], k)).ToArray();
        var standardized = data.Clouds.Select(cloud => cloud with { Features = Standardized(cloud.Features, scales) });
        return data switch
        {
            { Segmentation: false } => data with { Clouds = [.. standardized.Select(cloud => cloud.ToUnitBall())] },
            { Cut: true } => data with { Clouds = [.. standardized] },
            _ => data with { Clouds = [.. standardized.Select(WithPlaces)], FeatureNames = [.. data.FeatureNames, .. s_places] },
        };
    }

    private static (double Mean, double Deviation) Scale(List<DenseMatrix> matrices, int column)
    {
        var values = matrices.SelectMany(m => Enumerable.Range(0, m.RowCount).Select(row => (double)m.Row(row)[column])).ToArray();
        var mean = values.Average();
        return (mean, Math.Sqrt(values.Average(value => (value - mean) * (value - mean))));
    }

    private static DenseMatrix Standardized(DenseMatrix features, (double Mean, double Deviation)[] scales)
    {
        var values = (float[])features.Values.Clone();
        for (var k = 0; k < values.Length; k++)
        {
            if (k % features.ColumnCount >= scales.Length) { continue; }
            var (mean, deviation) = scales[k % features.ColumnCount];
            // A constant's deviation may be rounding alone.
            values[k] = deviation > 1e-6 * Math.Abs(mean) ? (float)((values[k] - mean) / deviation) : 0;
        }

        return features with { Values = values };
    }

    private static PointCloud WithPlaces(PointCloud cloud)
    {
        var (lowest, extent) = (new float[3], new float[3]);
        for (var axis = 0; axis < 3; axis++)
        {
            var along = Enumerable.Range(0, cloud.PointCount).Select(i => cloud.Positions[(3 * i) + axis]);
            lowest[axis] = along.Min();
            extent[axis] = Math.Max(along.Max() - lowest[axis], 1e-6f);
        }

        var columns = cloud.Features.ColumnCount + 3;
        var values = new float[cloud.PointCount * columns];
        for (var i = 0; i < cloud.PointCount; i++)
        {
            var row = values.AsSpan(i * columns, columns);
            cloud.Features.Row(i).CopyTo(row);
            for (var axis = 0; axis < 3; axis++) { row[columns - 3 + axis] = (cloud.Positions[(3 * i) + axis] - lowest[axis]) / extent[axis]; }
        }

        return cloud.Map((value, axis) => axis == 2 ? value - lowest[2] : value) with { Features = new(cloud.PointCount, columns, values) };
    }
}
