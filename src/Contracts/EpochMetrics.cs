namespace Contracts;

/// <summary>The figures that every epoch has, by the names that documents and tables give them.</summary>
public static class EpochMetrics
{
    public static IReadOnlyList<string> Names { get; } =
    [
        "trainLoss", "validLoss", "testLoss", "trainMetric", "validMetric", "testMetric", "learningRate", "seconds", "nodesPerSecond", "peakMemoryBytes",
    ];

    /// <summary>In the order of <see cref="Names"/>.</summary>
    public static double[] Of(EpochEvent epoch) =>
    [
        epoch.TrainLoss, epoch.ValidLoss, epoch.TestLoss, epoch.TrainMetric, epoch.ValidMetric, epoch.TestMetric,
        epoch.LearningRate, epoch.Seconds, epoch.NodesPerSecond, epoch.PeakMemoryBytes,
    ];
}

/// <summary>A metric over the epochs of a run that count. NaN is neither lowest nor highest, and can be the last.</summary>
public sealed record MetricSummary
{
    /// <summary>Epochs that have the metric, NaN included.</summary>
    public int Count { get; init; }
    public double Last { get; init; }
    public int LastEpoch { get; init; }

    /// <summary>Lowest and highest value and the first epoch of each; null while every value was NaN.</summary>
    public double? Min { get; init; }
    public int? MinEpoch { get; init; }
    public double? Max { get; init; }
    public int? MaxEpoch { get; init; }
}
