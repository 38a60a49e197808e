using Contracts;

namespace Web.Live;

/// <summary>
/// What happened to a run since the last delivery. To follow, first drop the points after <see cref="VoidAfter"/>, then add
/// <see cref="Added"/>.
/// </summary>
public sealed record RunChanges
{
    /// <summary>Points of epochs after this one are void: a newer attempt resumed from there.</summary>
    public int? VoidAfter { get; init; }

    public required IReadOnlyList<EpochPoint> Added { get; init; }
}
