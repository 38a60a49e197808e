namespace DeepGnn.Datasets.PointClouds;

/// <summary>
/// Changes of a cloud for training: each gives a new cloud and is the same for the same seed. The defaults are those of the DeepGCNs code
/// for ModelNet40 (scale from 2/3 to 3/2 and shift up to 0.2, each axis on its own) and PointNet's for jitter (deviation 0.01, at most
/// 0.05).
/// </summary>
public static class CloudTransforms
{
    /// <summary>Multiplies each axis by its own factor from <paramref name="low"/> to <paramref name="high"/>.</summary>
    public static PointCloud RandomScale(this PointCloud cloud, int seed, double low = 2.0 / 3, double high = 3.0 / 2)
    {
        var random = new SeededRandom(seed, stream: 7);
        double[] factors = [random.NextDouble(low, high), random.NextDouble(low, high), random.NextDouble(low, high)];
        return cloud.Map((value, axis) => value * factors[axis]);
    }

    /// <summary>Adds to each axis its own shift of at most <paramref name="range"/> either way.</summary>
    public static PointCloud RandomShift(this PointCloud cloud, int seed, double range = 0.2)
    {
        var random = new SeededRandom(seed, stream: 8);
        double[] shifts = [random.NextDouble(-range, range), random.NextDouble(-range, range), random.NextDouble(-range, range)];
        return cloud.Map((value, axis) => value + shifts[axis]);
    }

    /// <summary>Turns the cloud around the z axis by any angle.</summary>
    public static PointCloud RandomTurn(this PointCloud cloud, int seed)
    {
        var (sine, cosine) = Math.SinCos(new SeededRandom(seed, stream: 10).NextDouble(0, 2 * Math.PI));
        var positions = (float[])cloud.Positions.Clone();
        for (var i = 0; i < positions.Length; i += 3)
        {
            var (x, y) = (cloud.Positions[i], cloud.Positions[i + 1]);
            (positions[i], positions[i + 1]) = ((float)((cosine * x) - (sine * y)), (float)((sine * x) + (cosine * y)));
        }

        return cloud with { Positions = positions };
    }

    /// <summary>Moves each coordinate by normal noise, cut at <paramref name="limit"/>.</summary>
    public static PointCloud Jitter(this PointCloud cloud, int seed, double deviation = 0.01, double limit = 0.05)
    {
        var random = new SeededRandom(seed, stream: 9);
        return cloud.Map((value, _) => value + Math.Clamp(deviation * random.NextGaussian(), -limit, limit));
    }

    /// <summary>Moves the centre to the origin and shrinks or grows the cloud into the unit ball, as ModelNet40 is prepared.</summary>
    public static PointCloud ToUnitBall(this PointCloud cloud)
    {
        var points = Enumerable.Range(0, cloud.PointCount);
        double[] centre = [.. Enumerable.Range(0, 3).Select(axis => points.Average(i => (double)cloud.Positions[(3 * i) + axis]))];
        var centred = cloud.Map((value, axis) => value - centre[axis]);
        var radius = points.Max(i => Math.Sqrt(centred.Positions.AsSpan(3 * i, 3).ToArray().Sum(x => (double)x * x)));
        return radius > 0 ? centred.Map((value, _) => value / radius) : centred;
    }

    internal static PointCloud Map(this PointCloud cloud, Func<double, int, double> change)
    {
        var positions = new float[cloud.Positions.Length];
        for (var k = 0; k < positions.Length; k++) { positions[k] = (float)change(cloud.Positions[k], k % 3); }
        return cloud with { Positions = positions };
    }
}
