using System.Text.Json;
using Contracts;

namespace Runs;

/// <summary>Lowest, highest and last value of each metric of a run, kept on its row so that nobody reads all epochs for them.</summary>
internal sealed class MetricSummaries
{
    private readonly Dictionary<string, MetricSummary> known;

    private MetricSummaries(Dictionary<string, MetricSummary> known) => this.known = known;

    public static MetricSummaries None => new([]);

    public static MetricSummaries Of(Run run) => new(new(run.Summaries));

    public string? ToJson() => known.Count == 0 ? null : JsonSerializer.Serialize(known, ContractJson.Options);

    public void Add(EpochEvent epoch)
    {
        var values = EpochMetrics.Of(epoch);
        for (var i = 0; i < values.Length; i++) { Add(EpochMetrics.Names[i], epoch.Epoch, values[i]); }
        foreach (var (name, value) in epoch.Metrics ?? new Dictionary<string, double>()) { Add(name, epoch.Epoch, value); }
    }

    private void Add(string name, int epoch, double value)
    {
        var old = known.GetValueOrDefault(name) ?? new MetricSummary();
        var isLast = epoch >= old.LastEpoch;
        var isMin = old.Min is { } min ? value < min : !double.IsNaN(value);
        var isMax = old.Max is { } max ? value > max : !double.IsNaN(value);
        known[name] = new MetricSummary
        {
            Count = old.Count + 1,
            Last = isLast ? value : old.Last,
            LastEpoch = isLast ? epoch : old.LastEpoch,
            Min = isMin ? value : old.Min,
            MinEpoch = isMin ? epoch : old.MinEpoch,
            Max = isMax ? value : old.Max,
            MaxEpoch = isMax ? epoch : old.MaxEpoch,
        };
    }
}
