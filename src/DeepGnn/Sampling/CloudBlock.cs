using DeepGnn.Datasets.PointClouds;

namespace DeepGnn.Sampling;

/// <summary>A fixed number of points of one cloud.</summary>
/// <param name="Cloud">Position of the cloud in its set.</param>
/// <param name="Points">Points of the cloud; some more than once where too few were at hand.</param>
/// <param name="Scored">How many of them, from the first, are scored in an evaluation; the others are surroundings or repeats.</param>
/// <param name="Centre">x and y that become 0.</param>
public sealed record CloudBlock(int Cloud, int[] Points, int Scored, (float X, float Y) Centre)
{
    /// <summary>The block's points with their labels and features, x and y from the block's centre.</summary>
    public PointCloud Of(PointCloudDataset data)
    {
        var cloud = data.Clouds[Cloud];
        float[] centre = [Centre.X, Centre.Y, 0];
        return cloud.Pick(cloud.Name, Points).Map((value, axis) => value - centre[axis]);
    }
}
