namespace DeepGnn.Convolutions;

/// <summary>Activation of a layer.</summary>
public enum Activation
{
    /// <summary>None.</summary>
    None,

    /// <summary>max(z, 0).</summary>
    Relu,

    /// <summary>z, or 0.2·z below zero (DeepGCNs' slope).</summary>
    LeakyRelu,

    /// <summary>Gaussian error linear unit; not monotone.</summary>
    Gelu,
}

/// <summary>A linear layer with normalisation and activation around it. The references disagree on the order.</summary>
public sealed record LayerOptions
{
    /// <summary>Activation.</summary>
    public Activation Activation { get; init; } = Activation.Relu;

    /// <summary>Normalisation over all rows (batch) or channels (layer).</summary>
    public HiddenNorm Norm { get; init; }

    /// <summary>
    /// Linear → norm → activation (deep_gcns_torch's sparse layers, ViG) or, if false, linear → activation → norm (deep_gcns_torch's dense
    /// layers).
    /// </summary>
    public bool NormFirst { get; init; } = true;

    /// <summary>Whether the linear map has a bias.</summary>
    public bool Bias { get; init; } = true;

    /// <summary>Channels are mapped in this many separate groups (ViG: 4).</summary>
    public int Groups { get; init; } = 1;

    /// <summary>Slope below zero of a monotone activation: 1 for none, 0 for a rectifier; null where it is not monotone.</summary>
    internal double? Slope => Activation switch
    {
        Activation.None => 1,
        Activation.Relu => 0,
        Activation.LeakyRelu => 0.2,
        _ => null,
    };
}
