namespace DeepGnn.Sampling;

/// <summary>How clouds are cut into blocks.</summary>
public sealed record CloudBlockOptions
{
    /// <summary>Points P of a block, as many as PointNet takes by default.</summary>
    public int Points { get; init; } = 4_096;

    /// <summary>
    /// Side of a square column, in the unit of the coordinates (PointNet on S3DIS: 1 m), whose points are thinned to P or repeated up to P.
    /// Null: the P points nearest to the block's centre in the plane, so that blocks hold no repeats and are as dense as their cloud.
    /// </summary>
    public double? Side { get; init; }
}
