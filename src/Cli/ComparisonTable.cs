using System.Globalization;
using System.Text;
using Contracts;

namespace Cli;

/// <summary>Depth × backbone → test metric (mean ± deviation over seeds, at the epoch the valid split chose) and peak memory.</summary>
internal static class ComparisonTable
{
    public static string Format(IReadOnlyList<RunSummary> runs)
    {
        var done = runs.Where(run => run.Status == RunStatus.Succeeded && run.TestMetric is not null).ToList();
        if (done.Count == 0) { return "no finished runs"; }

        var backbones = done.Select(run => run.Backbone).Distinct().Order().ToList();
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"test {done[0].Metric} on {string.Join(", ", done.Select(run => run.Dataset).Distinct())}, mean ± deviation (seeds), peak resident memory");
        text.Append("| layers |");
        foreach (var backbone in backbones) { text.Append(CultureInfo.InvariantCulture, $" {Demo.Word(backbone),-34} |"); }
        text.AppendLine();
        text.Append("| ---: |").AppendLine(string.Concat(Enumerable.Repeat(" --- |", backbones.Count)));
        foreach (var depth in done.Select(run => run.Layers).Distinct().Order())
        {
            text.Append(CultureInfo.InvariantCulture, $"| {depth,6} |");
            foreach (var backbone in backbones)
            {
                text.Append(CultureInfo.InvariantCulture, $" {Cell(done.Where(run => run.Layers == depth && run.Backbone == backbone).ToList()),-34} |");
            }

            text.AppendLine();
        }

        var missing = runs.Count - done.Count;
        if (missing > 0) { text.AppendLine(CultureInfo.InvariantCulture, $"{missing} of {runs.Count} runs did not succeed and are not in the table"); }
        return text.ToString();
    }

    private static string Cell(List<RunSummary> runs)
    {
        if (runs.Count == 0) { return "-"; }

        var values = runs.ConvertAll(run => run.TestMetric!.Value);
        var mean = values.Average();
        var deviation = values.Count > 1 ? Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1)) : 0;
        var peak = runs.Max(run => run.PeakMemoryBytes ?? 0) / 1048576.0;
        return string.Create(CultureInfo.InvariantCulture, $"{mean:F3} ± {deviation:F3} ({values.Count}), {peak:F0} MiB");
    }
}
