using System.Globalization;

namespace Contracts;

/// <summary>The runs of one model at one depth. Figures come from succeeded runs only: a running one has not chosen its epoch yet.</summary>
public sealed record ComparisonCell
{
    public double? Mean { get; init; }

    /// <summary>Unbiased standard deviation over the seeds; null with fewer than two.</summary>
    public double? Deviation { get; init; }

    public int Seeds { get; init; }
    public int Runs { get; init; }

    /// <summary>Runs that may still succeed.</summary>
    public int Open { get; init; }
    public int Failed { get; init; }
    public long? PeakMemoryBytes { get; init; }

    public string Text => Mean is not { } mean ? "–"
        : Deviation is { } deviation ? string.Create(CultureInfo.InvariantCulture, $"{mean:0.0000} ± {deviation:0.0000} ({Seeds})")
        : string.Create(CultureInfo.InvariantCulture, $"{mean:0.0000}");

    public static ComparisonCell Of(IReadOnlyList<RunSummary> runs)
    {
        var figures = runs.Where(run => run.Status == RunStatus.Succeeded).Select(run => run.TestMetric).OfType<double>().ToArray();
        double? mean = figures.Length > 0 ? figures.Average() : null;
        return new()
        {
            Mean = mean,
            Deviation = figures.Length > 1 ? Math.Sqrt(figures.Sum(figure => (figure - mean!.Value) * (figure - mean.Value)) / (figures.Length - 1)) : null,
            Seeds = figures.Length,
            Runs = runs.Count,
            Open = runs.Count(run => run.Status is RunStatus.Queued or RunStatus.Running or RunStatus.Cancelling),
            Failed = runs.Count(run => run.Status == RunStatus.Failed),
            PeakMemoryBytes = runs.Max(run => run.PeakMemoryBytes),
        };
    }
}
