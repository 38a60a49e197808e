namespace DeepGnn.Aggregation;

/// <summary>How the messages at a target become one row.</summary>
public enum Reduction
{
    /// <summary>Sum.</summary>
    Sum,

    /// <summary>Mean.</summary>
    Mean,

    /// <summary>Largest in each channel.</summary>
    Max,

    /// <summary>Softmax-weighted sum.</summary>
    Softmax,

    /// <summary>The same with weights that count as constants in the backward pass ("softmax_sg").</summary>
    SoftmaxStopped,

    /// <summary>Power mean.</summary>
    PowerMean,
}
