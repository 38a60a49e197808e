namespace Contracts;

/// <summary>The runs of a group as a table: depth down, model across, each cell over the seeds.</summary>
public sealed record Comparison
{
    private readonly Dictionary<(int Depth, string Model), ComparisonCell> _cells = [];

    public required IReadOnlyList<int> Depths { get; init; }
    public required IReadOnlyList<string> Models { get; init; }
    public required IReadOnlyList<(RunStatus Status, int Count)> Statuses { get; init; }
    public required string Metric { get; init; }

    public static Comparison Of(IReadOnlyList<RunSummary> runs)
    {
        var model = Naming(runs);
        var comparison = new Comparison
        {
            Depths = [.. runs.Select(run => run.Layers).Distinct().Order()],
            Models = [.. runs.OrderBy(run => run.Dataset, StringComparer.Ordinal).ThenBy(run => run.Backbone).ThenBy(run => run.Convolution).ThenBy(run => run.HiddenChannels).Select(model).Distinct()],
            Statuses = [.. runs.GroupBy(run => run.Status).OrderBy(same => same.Key).Select(same => (same.Key, same.Count()))],
            Metric = runs.Select(run => run.Metric).FirstOrDefault(metric => metric is not null) ?? "metric",
            MixesSettings = runs.Where(run => run.Status == RunStatus.Succeeded).GroupBy(run => (run.Layers, model(run), run.Seed)).Any(same => same.Skip(1).Any()),
        };
        foreach (var cell in runs.GroupBy(run => (run.Layers, model(run)))) { comparison._cells[cell.Key] = ComparisonCell.Of([.. cell]); }
        return comparison;
    }

    public ComparisonCell? At(int depth, string model) => _cells.GetValueOrDefault((depth, model));

    /// <summary>Whether runs of one cell differ in more than their seeds: then its mean is not one over seeds.</summary>
    public bool MixesSettings { get; private init; }

    /// <summary>Rows for the chart: depth, then the mean of each model; NaN where a model was not trained at a depth.</summary>
    public IReadOnlyList<double[]> Rows() => Rows(cell => cell.Mean);

    /// <summary>The same of the highest peak memory in MiB.</summary>
    public IReadOnlyList<double[]> MemoryRows() => Rows(cell => cell.PeakMemoryBytes / (double)(1 << 20));

    private IReadOnlyList<double[]> Rows(Func<ComparisonCell, double?> figure) =>
        [.. Depths.Select(depth => new double[] { depth }.Concat(Models.Select(model => (At(depth, model) is { } cell ? figure(cell) : null) ?? double.NaN)).ToArray())];

    // Names say only what differs within the group.
    private static Func<RunSummary, string> Naming(IReadOnlyList<RunSummary> runs)
    {
        var datasets = runs.Select(run => run.Dataset).Distinct().Count() > 1;
        var convolutions = runs.Select(run => run.Convolution).Distinct().Count() > 1;
        var widths = runs.Select(run => run.HiddenChannels).Distinct().Count() > 1;
        return run => string.Join(" · ", new[]
        {
            datasets ? run.Dataset : "", ContractJson.NameOf(run.Backbone), convolutions ? ContractJson.NameOf(run.Convolution) : "",
            widths ? run.HiddenChannels.ToString(System.Globalization.CultureInfo.InvariantCulture) : "",
        }.Where(part => part.Length > 0));
    }
}
