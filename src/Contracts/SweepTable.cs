using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Contracts;

/// <summary>A run of a group, and the seconds that its epochs took.</summary>
public sealed record SweepRow(RunDetail Run, double Seconds);

/// <summary>The runs of a group as CSV (RFC 4180): a row a run; of the specs, the members that differ within the group.</summary>
public static class SweepTable
{
    // Seed has a column of its own; name and group decide nothing.
    private static readonly string[] Told = ["name", "group", "seed"];

    public static string Csv(IReadOnlyList<SweepRow> rows)
    {
        var specs = rows.Select(row => Flatten(row.Run.Spec)).ToList();
        var differing = specs.SelectMany(spec => spec.Keys).Distinct().Except(Told)
            .Where(path => specs.Select(spec => spec.GetValueOrDefault(path, "")).Distinct().Skip(1).Any()).ToList();

        var csv = new StringBuilder();
        csv.Append(CsvText.Line(["id", "name", "seed", .. differing, "status", "metric", "valid", "test", "bestEpoch", "epochs", "seconds", "peakMemoryBytes"]));
        foreach (var ((run, seconds), spec) in rows.Zip(specs))
        {
            object?[] cells =
            [
                run.Id, run.Name, run.Seed, .. differing.Select(path => spec.GetValueOrDefault(path, "")), run.Status, run.Metric, run.BestValidMetric,
                run.TestMetric, run.BestEpoch, run.Epoch, Math.Round(seconds, 3), run.PeakMemoryBytes,
            ];
            csv.Append(CsvText.Line(cells.Select(CsvText.Cell)));
        }
        return csv.ToString();
    }

    private static Dictionary<string, string> Flatten(RunSpec spec)
    {
        var members = new Dictionary<string, string>();
        Add(members, "", JsonSerializer.SerializeToNode(spec, ContractJson.Options));
        return members;
    }

    private static void Add(Dictionary<string, string> members, string path, JsonNode? node)
    {
        if (node is JsonObject inner)
        {
            foreach (var (name, value) in inner) { Add(members, path.Length == 0 ? name : $"{path}.{name}", value); }
            return;
        }
        members[path] = node is null ? "" : node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : node.ToJsonString(ContractJson.Options);
    }
}
