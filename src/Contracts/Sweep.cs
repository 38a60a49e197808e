using System.Text.Json;
using System.Text.Json.Nodes;

namespace Contracts;

/// <summary>Makes the run specs of a sweep, and judges each of them before any is queued.</summary>
public static class Sweep
{
    public const int MaxRuns = 500;

    private const int MaxFaults = 50;
    private const int MaxName = 200;

    /// <summary>The specs of all runs, each seed going round by all combinations; or else what is wrong with them.</summary>
    /// <param name="sweep">What is asked for.</param>
    /// <param name="label">The group, where the base names none.</param>
    public static (IReadOnlyList<RunSpec> Runs, IReadOnlyList<SpecFault> Faults) Runs(SweepSpec sweep, string label)
    {
        var form = SweepGrid.Faults(sweep);
        if (form.Count > 0) { return ([], form); }

        var document = JsonSerializer.SerializeToNode(sweep.Base, ContractJson.Options)!.AsObject();
        var faults = new SweepFaults(sweep);
        var specs = new List<RunSpec>();
        foreach (var picks in SweepGrid.Combinations(sweep))
        {
            var (spec, fault) = RunSpecJson.Parse(Combine(sweep, document, picks).ToJsonString(ContractJson.Options));
            faults.Add(picks, fault is null ? RunSpecValidation.FaultsOfPosted(spec!) : [fault]);
            if (spec is not null) { specs.Add(spec with { Name = Name(sweep, picks), Group = string.IsNullOrWhiteSpace(spec.Group) ? label : spec.Group.Trim() }); }
        }

        var found = faults.Take(MaxFaults);
        if (found.Count > 0) { return ([], found); }
        IReadOnlyList<int> seeds = sweep.Seeds.Count > 0 ? sweep.Seeds : [sweep.Base.Seed];
        return ([.. seeds.SelectMany(seed => specs.Select(spec => spec with { Seed = seed }))], []);
    }

    /// <summary>"model.backbone=rev, model.layers=7".</summary>
    internal static string Describe(SweepSpec sweep, int[] picks) =>
        string.Join(", ", sweep.Axes.Select((axis, i) => $"{SweepGrid.PathOf(axis)}={Text(axis.Values[picks[i]])}"));

    private static JsonObject Combine(SweepSpec sweep, JsonObject document, int[] picks)
    {
        var combined = document.DeepClone().AsObject();
        foreach (var (axis, pick) in sweep.Axes.Zip(picks))
        {
            var steps = SweepGrid.Steps(axis);
            var at = combined;
            foreach (var step in steps[..^1])
            {
                if (at[step] is not JsonObject) { at[step] = new JsonObject(at.Options); }
                at = at[step]!.AsObject();
            }
            Set(at, steps[^1], axis.Values[pick]);
        }
        return combined;
    }

    private static void Set(JsonObject at, string member, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Object && at[member] is JsonObject old)
        {
            foreach (var inner in value.EnumerateObject()) { Set(old, inner.Name, inner.Value); }
            return;
        }
        at[member] = JsonNode.Parse(value.GetRawText(), at.Options);
    }

    private static string Name(SweepSpec sweep, int[] picks)
    {
        var varied = sweep.Axes.Select((axis, i) => $"{SweepGrid.Steps(axis)[^1]}={Text(axis.Values[picks[i]])}");
        var name = string.Join(", ", varied.Prepend(sweep.Base.Name.Trim()).Where(part => part.Length > 0));
        return name.Length <= MaxName ? name : name[..(MaxName - 1)] + "…";
    }

    private static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
}
