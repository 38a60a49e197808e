using System.Globalization;
using System.Text;
using Contracts;

namespace Cli;

/// <summary>What one training came to.</summary>
internal sealed record RepeatResult
{
    public required string Name { get; init; }
    public required string Spec { get; init; }
    public int Seed { get; init; }
    public string Metric { get; init; } = "";
    public double Test { get; init; }
    public double Valid { get; init; }
    public int Epochs { get; init; }
    public int BestEpoch { get; init; }
    public double Seconds { get; init; }
    public long PeakMemoryBytes { get; init; }
    public IReadOnlyDictionary<string, double>? Metrics { get; init; }
    public string? Failure { get; init; }

    public string Line => Failure is not null
        ? $"{Name} seed {Seed}: failed: {Failure}"
        : string.Create(CultureInfo.InvariantCulture, $"{Name} seed {Seed}: test {Metric} {Test:0.0000} at epoch {BestEpoch} of {Epochs}, {Seconds:0} s, {PeakMemoryBytes >> 20} MiB");

    public static RepeatResult Of(RepeatRun run, string metric, TrainerEvent? last, int exitCode)
    {
        var result = new RepeatResult { Name = run.Name, Spec = run.Json, Seed = run.Seed, Metric = metric };
        return last switch
        {
            FinishedEvent end => result with
            {
                Test = end.TestMetric, Valid = end.BestValidMetric, Epochs = end.Epochs, BestEpoch = end.BestEpoch, Seconds = end.Seconds,
                PeakMemoryBytes = end.PeakMemoryBytes, Metrics = end.Metrics,
            },
            FailedEvent end => result with { Failure = $"{ContractJson.NameOf(end.Class)}: {end.Message}" },
            _ => result with { Failure = $"the Trainer ended with exit code {exitCode} before its last event" },
        };
    }
}

/// <summary>Trainings by name: mean ± unbiased deviation of the test figure.</summary>
internal static class RepeatTable
{
    public static string Format(IReadOnlyList<RepeatResult> results)
    {
        var text = new StringBuilder();
        text.AppendLine("| recipe | runs | metric | test | valid | epochs | seconds a run | peak MiB |");
        text.AppendLine("| --- | ---: | --- | --- | --- | ---: | ---: | ---: |");
        foreach (var same in results.Where(result => result.Failure is null).GroupBy(result => result.Name).OrderBy(same => same.Key, StringComparer.Ordinal))
        {
            var runs = same.ToList();
            text.AppendLine(CultureInfo.InvariantCulture, $"| {same.Key} | {runs.Count} | {runs[0].Metric} | {Spread(runs, run => run.Test)} | {Spread(runs, run => run.Valid)} | {runs.Average(run => run.Epochs):0} | {runs.Average(run => run.Seconds):0.#} | {runs.Max(run => run.PeakMemoryBytes) >> 20} |");
        }

        foreach (var failed in results.Where(result => result.Failure is not null)) { text.AppendLine(failed.Line); }
        return text.ToString();
    }

    private static string Spread(List<RepeatResult> runs, Func<RepeatResult, double> figure)
    {
        var mean = runs.Average(figure);
        if (runs.Count < 2) { return mean.ToString("0.0000", CultureInfo.InvariantCulture); }
        var deviation = Math.Sqrt(runs.Sum(run => (figure(run) - mean) * (figure(run) - mean)) / (runs.Count - 1));
        return string.Create(CultureInfo.InvariantCulture, $"{mean:0.0000} ± {deviation:0.0000}");
    }
}
