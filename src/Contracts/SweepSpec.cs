using System.Text.Json;

namespace Contracts;

/// <summary>Many runs in one request: a base spec, members of it that vary, and seeds. All runs share one group label.</summary>
public sealed record SweepSpec
{
    /// <summary>What is the same in all runs. Its group label is that of the sweep; absent, one is made.</summary>
    public required RunSpec Base { get; init; }

    /// <summary>The members that vary. Every combination of their values is trained, unless <see cref="Random"/> draws some.</summary>
    public IReadOnlyList<SweepAxis> Axes { get; init; } = [];

    /// <summary>Each combination is trained with each of these seeds; empty: with the base's.</summary>
    public IReadOnlyList<int> Seeds { get; init; } = [];

    /// <summary>Trains some combinations of the grid, drawn without repeats, in place of all.</summary>
    public SweepDraw? Random { get; init; }
}

/// <summary>A member of the run spec and the values it takes.</summary>
public sealed record SweepAxis
{
    /// <summary>JSON path of the member, like <c>model.layers</c>.</summary>
    public required string Path { get; init; }

    /// <summary>Values as the run spec has them. An object sets the members it names and leaves the others as the base has them.</summary>
    public required IReadOnlyList<JsonElement> Values { get; init; }
}

/// <summary>Equal grids, counts and seeds draw the same combinations.</summary>
public sealed record SweepDraw
{
    public int Count { get; init; }
    public int Seed { get; init; }
}

/// <summary>A sweep whose runs wait in the queue.</summary>
public sealed record AcceptedSweep
{
    public required string Group { get; init; }

    /// <summary>Where the runs are listed, and where their figures come as CSV.</summary>
    public required string Location { get; init; }
    public required string Csv { get; init; }

    /// <summary>The runs in the order of the queue.</summary>
    public required IReadOnlyList<RunSummary> Runs { get; init; }
}
