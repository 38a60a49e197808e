using DeepGnn.Datasets;
using DeepGnn.Datasets.PointClouds;

namespace DeepGnn.Sampling;

/// <summary>Clouds that are classified as wholes, each as P of its points.</summary>
public static class WholeClouds
{
    /// <summary>
    /// The clouds in random order, each as P of its points drawn at random and in random order (ModelNet40 as DeepGCNs trains on it); where a
    /// cloud has fewer, all of them and random ones again.
    /// </summary>
    /// <param name="data">The set.</param>
    /// <param name="clouds">Clouds to take, each once.</param>
    /// <param name="points">P.</param>
    /// <param name="seed">Equal seeds give equal choices.</param>
    public static IReadOnlyList<CloudBlock> Random(PointCloudDataset data, IReadOnlyList<int> clouds, int points, int seed)
    {
        var random = new SeededRandom(seed, stream: 12);
        int[] order = [.. clouds];
        random.Shuffle(order);
        return [.. order.Select(cloud => Whole(cloud, PointChoice.Random([.. Enumerable.Range(0, data.Clouds[cloud].PointCount)], points, random)))];
    }

    /// <summary>A cloud as P points spread evenly over the order in which it lists them, the same each time.</summary>
    public static CloudBlock Even(PointCloudDataset data, int cloud, int points) =>
        Whole(cloud, PointChoice.Even(data.Clouds[cloud].PointCount, points));

    private static CloudBlock Whole(int cloud, int[] points) => new(cloud, points, points.Length, (0, 0));
}
