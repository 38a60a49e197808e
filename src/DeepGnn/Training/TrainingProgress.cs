namespace DeepGnn.Training;

/// <summary>How far a training has come; part of its checkpoint.</summary>
public sealed record TrainingProgress
{
    /// <summary>Epochs trained, counted from 1; 0 before the first.</summary>
    public int Epoch { get; init; }

    /// <summary>Epoch chosen on the valid split, 0 before the first.</summary>
    public int BestEpoch { get; init; }

    /// <summary>Figures of the chosen epoch.</summary>
    public double BestValidMetric { get; init; } = double.NaN;

    /// <inheritdoc cref="BestValidMetric"/>
    public double BestValidLoss { get; init; } = double.NaN;

    /// <inheritdoc cref="BestValidMetric"/>
    public double TestMetric { get; init; } = double.NaN;

    /// <summary>Seconds spent in training steps and evaluations, all attempts together.</summary>
    public double Seconds { get; init; }

    /// <summary>Highest peak of resident memory of any epoch, in bytes.</summary>
    public long PeakMemoryBytes { get; init; }
}
