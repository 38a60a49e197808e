namespace DeepGnn.Datasets;

/// <summary>
/// <c>dataset.json</c> of one's own data: which files hold what. Names are relative to the folder or zip; files end in .csv (one header
/// line, then
/// numbers) or .npy.
/// </summary>
public sealed record OwnDataManifest
{
    /// <summary>The manifest and the data beside it follow this version of the layout; 1 is the only one.</summary>
    public required int Version { get; init; }

    /// <summary>[E, 2]: source and target of each edge, nodes counted from 0.</summary>
    public required string Edges { get; init; }

    /// <summary>[N, F].</summary>
    public required string Features { get; init; }

    /// <summary>[N] or [N, 1]: the class of each node from 0, or −1 for none.</summary>
    public required string Labels { get; init; }

    /// <summary>Edges are used as they stand; otherwise both directions of each are made, without repeats or self-loops.</summary>
    public bool Directed { get; init; }

    /// <summary>"accuracy" or "rocAuc".</summary>
    public string Metric { get; init; } = "accuracy";

    /// <summary>Number of nodes N, where the author wants it checked.</summary>
    public int? Nodes { get; init; }

    /// <summary>How the nodes are divided.</summary>
    public OwnDataSplits Splits { get; init; } = new();
}

/// <summary>Given splits, or random ones by share or by class.</summary>
public sealed record OwnDataSplits
{
    /// <summary>[N] or [N, S]: 0 train, 1 valid, 2 test, 3 none of them. When set, nothing else may be.</summary>
    public string? File { get; init; }

    /// <summary>Shares of the labelled nodes that train and choose; the rest tests.</summary>
    public double Train { get; init; } = 0.6;

    /// <summary>See <see cref="Train"/>.</summary>
    public double Valid { get; init; } = 0.2;

    /// <summary>Nodes of each class that train, instead of shares; then <see cref="ValidPerClass"/> choose and the rest tests.</summary>
    public int? TrainPerClass { get; init; }

    /// <summary>See <see cref="TrainPerClass"/>.</summary>
    public int ValidPerClass { get; init; } = 30;

    /// <summary>Number of random splits, drawn with seeds <see cref="Seed"/>, <see cref="Seed"/> + 1, …</summary>
    public int Count { get; init; } = 10;

    /// <summary>Seed of the first random split.</summary>
    public int Seed { get; init; }
}
