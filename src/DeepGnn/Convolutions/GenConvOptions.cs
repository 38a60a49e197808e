using DeepGnn.Aggregation;

namespace DeepGnn.Convolutions;

/// <summary>Normalisation between the layers of a convolution's perceptron.</summary>
public enum HiddenNorm
{
    /// <summary>None.</summary>
    None,

    /// <summary>Over the nodes, by channel.</summary>
    Batch,

    /// <summary>Over the channels, by node.</summary>
    Layer,
}

/// <summary>Defaults are PyG's.</summary>
public sealed record GenConvOptions
{
    /// <summary>How messages become one row.</summary>
    public Reduction Reduction { get; init; } = Reduction.Softmax;

    /// <summary>Inverse temperature of the softmax.</summary>
    public double T { get; init; } = 1;

    /// <summary>Whether t is learnt (not where its weights are stopped).</summary>
    public bool LearnT { get; init; }

    /// <summary>Power of the power mean.</summary>
    public double P { get; init; } = 1;

    /// <summary>Whether p is learnt.</summary>
    public bool LearnP { get; init; }

    /// <summary>Whether aggregated messages are normalised to the length of x_i.</summary>
    public bool MessageNorm { get; init; }

    /// <summary>Whether the scale of that normalisation is learnt.</summary>
    public bool LearnMessageScale { get; init; }

    /// <summary>Between the perceptron's layers.</summary>
    public HiddenNorm Norm { get; init; } = HiddenNorm.Batch;

    /// <summary>Linear layers of the perceptron, ≥ 1.</summary>
    public int Layers { get; init; } = 2;

    /// <summary>Hidden channels of the perceptron are this times F'.</summary>
    public int Expansion { get; init; } = 2;

    /// <summary>Keeps messages above zero, for the power mean.</summary>
    public double Epsilon { get; init; } = 1e-7;

    /// <summary>Whether linear layers have a bias.</summary>
    public bool Bias { get; init; }

    /// <summary>Channels of edge features; those of width F' are added as they are, others are mapped first. Null: edge features of width F' only.</summary>
    public int? EdgeChannels { get; init; }
}
