using DeepGnn.Datasets.PointClouds;

namespace DeepGnn.Sampling;

/// <summary>Changes of a block or cloud at random, while training only. Nothing by default.</summary>
public sealed record CloudAugmentation
{
    /// <summary>DeepGCNs on ModelNet40: each axis scaled by 2/3 to 3/2 and shifted by up to 0.2.</summary>
    public static CloudAugmentation Shapes { get; } = new() { Scale = (2.0 / 3, 3.0 / 2), Shift = 0.2 };

    /// <summary>Scenes with a floor: any turn around z, lengths changed by up to a tenth.</summary>
    public static CloudAugmentation Scenes { get; } = new() { Turn = true, Scale = (0.9, 1.1) };

    /// <summary>Whether the cloud is turned around the z axis by any angle.</summary>
    public bool Turn { get; init; }

    /// <summary>Lowest and highest factor of each axis.</summary>
    public (double Low, double High) Scale { get; init; } = (1, 1);

    /// <summary>Largest shift along each axis, in the unit of the coordinates.</summary>
    public double Shift { get; init; }

    /// <summary>Standard deviation of the noise on each coordinate, cut at five times it.</summary>
    public double Jitter { get; init; }

    /// <summary>The changed cloud; equal seeds give equal changes.</summary>
    public PointCloud Apply(PointCloud cloud, int seed)
    {
        var changed = Turn ? cloud.RandomTurn(seed) : cloud;
        if (Scale != (1, 1)) { changed = changed.RandomScale(seed, Scale.Low, Scale.High); }
        if (Shift > 0) { changed = changed.RandomShift(seed, Shift); }
        return Jitter > 0 ? changed.Jitter(seed, Jitter, 5 * Jitter) : changed;
    }
}
