namespace DeepGnn.Convolutions;

/// <summary>Options of both attention convolutions; defaults are PyG's.</summary>
public sealed record AttentionOptions
{
    /// <summary>Number of heads H.</summary>
    public int Heads { get; init; } = 1;

    /// <summary>Whether heads are concatenated (H·F' channels) or averaged (F').</summary>
    public bool Concat { get; init; } = true;

    /// <summary>Slope of the leaky rectifier below zero.</summary>
    public double NegativeSlope { get; init; } = 0.2;

    /// <summary>Probability of an attention weight being dropped while training.</summary>
    public double Dropout { get; init; }

    /// <summary>Whether existing self-loops are replaced by one at each node; its edge features are the mean of the incoming ones.</summary>
    public bool AddSelfLoops { get; init; } = true;

    /// <summary>Channels of edge features, or null for none.</summary>
    public int? EdgeChannels { get; init; }

    /// <summary>Whether a bias is added.</summary>
    public bool Bias { get; init; } = true;

    /// <summary>GATv2: whether sources and targets share one linear map.</summary>
    public bool ShareWeights { get; init; }

    /// <summary>Whether a linear map of x is added to the result.</summary>
    public bool Residual { get; init; }
}
