namespace DeepGnn.Training;

/// <summary>How far a training has come; part of its checkpoint.</summary>
public sealed record TrainingProgress
{
    /// <summary>Epochs trained, counted from 1; 0 before the first.</summary>
    public int Epoch { get; init; }

    /// <summary>Epoch chosen on the valid split, 0 before the first.</summary>
    public int BestEpoch { get; init; }

    /// <summary>The figure it was chosen by, larger being better.</summary>
    public double BestFigure { get; init; } = double.NaN;

    /// <summary>Figures of the chosen epoch.</summary>
    public double BestValidMetric { get; init; } = double.NaN;

    /// <inheritdoc cref="BestValidMetric"/>
    public double BestValidLoss { get; init; } = double.NaN;

    /// <inheritdoc cref="BestValidMetric"/>
    public double TestMetric { get; init; } = double.NaN;

    /// <inheritdoc cref="BestValidMetric"/>
    public IReadOnlyDictionary<string, double>? BestMetrics { get; init; }

    /// <summary>How often a plateau has reduced the learning rate, and the epoch after which it last did.</summary>
    public int Reductions { get; init; }

    /// <inheritdoc cref="Reductions"/>
    public int ReducedAtEpoch { get; init; }

    /// <summary>Seconds spent in training steps and evaluations, all attempts together.</summary>
    public double Seconds { get; init; }

    /// <summary>Highest peak of resident memory of any epoch, in bytes.</summary>
    public long PeakMemoryBytes { get; init; }
}
