namespace DeepGnn.Datasets;

/// <summary>Clips of a moving skeleton, each of one action.</summary>
public sealed record SkeletonDataset
{
    /// <summary>The catalogue's name.</summary>
    public required string Name { get; init; }

    /// <summary>Joints J of the skeleton.</summary>
    public required int JointCount { get; init; }

    /// <summary>Coordinates D of a joint: 2 or 3.</summary>
    public required int Dimensions { get; init; }

    /// <summary>Pairs of joints that a bone joins, once each.</summary>
    public required IReadOnlyList<(int A, int B)> Bones { get; init; }

    /// <summary>Names of the C classes.</summary>
    public required IReadOnlyList<string> ClassNames { get; init; }

    /// <summary>The clips, of any length.</summary>
    public required IReadOnlyList<SkeletonClip> Clips { get; init; }

    /// <summary>At least one way to divide the clips.</summary>
    public required IReadOnlyList<SampleSplit> Splits { get; init; }
}

/// <summary>One clip.</summary>
/// <param name="FrameCount">Frames T.</param>
/// <param name="Positions">[T, J, D] in row-major order.</param>
/// <param name="Label">Class in [0, C).</param>
public sealed record SkeletonClip(int FrameCount, float[] Positions, int Label);
