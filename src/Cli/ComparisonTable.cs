using System.Globalization;
using System.Text;
using Contracts;

namespace Cli;

/// <summary>A <see cref="Comparison"/> as text: depth × model → test metric (mean ± deviation over seeds) and peak memory.</summary>
internal static class ComparisonTable
{
    public static string Format(IReadOnlyList<RunSummary> runs)
    {
        if (!runs.Any(run => run.Status == RunStatus.Succeeded)) { return "no finished runs"; }

        var comparison = Comparison.Of(runs);
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"test {comparison.Metric} on {string.Join(", ", runs.Select(run => run.Dataset).Distinct())}, mean ± deviation (seeds), peak resident memory");
        text.Append("| layers |").AppendLine(string.Concat(comparison.Models.Select(model => $" {model,-31} |")));
        text.Append("| ---: |").AppendLine(string.Concat(Enumerable.Repeat(" --- |", comparison.Models.Count)));
        foreach (var depth in comparison.Depths)
        {
            var cells = comparison.Models.Select(model => $" {Text(comparison.At(depth, model)),-31} |");
            text.Append(CultureInfo.InvariantCulture, $"| {depth,6} |").AppendLine(string.Concat(cells));
        }

        var missing = runs.Count(run => run.Status != RunStatus.Succeeded);
        if (missing > 0) { text.AppendLine(CultureInfo.InvariantCulture, $"{missing} of {runs.Count} runs did not succeed and are not in the means"); }
        return text.ToString();
    }

    private static string Text(ComparisonCell? cell) =>
        cell is null ? "-" : string.Create(CultureInfo.InvariantCulture, $"{cell.Text}, {(cell.PeakMemoryBytes ?? 0) / 1048576.0:F0} MiB");
}
