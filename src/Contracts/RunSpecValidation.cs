using System.Globalization;

namespace Contracts;

/// <summary>A fault of a run spec: where it is, what was found and what is needed.</summary>
public sealed record SpecFault(string Path, string Message);

public static partial class RunSpecValidation
{
    public const int MaxLayers = 2_000;
    public const int MaxHiddenChannels = 8_192;
    public const int MaxEpochs = 1_000_000;

    /// <summary>All faults of a spec, each with its JSON path; empty for a spec that can be trained.</summary>
    public static IReadOnlyList<SpecFault> Faults(RunSpec spec)
    {
        var faults = new List<SpecFault>();
        if (spec.Name is null || spec.Name.Length > 200) { faults.Add(new("$.name", $"found {spec.Name?.Length.ToString(CultureInfo.InvariantCulture) ?? "null"} characters, needed at most 200")); }
        if (spec.Group is { Length: > 100 }) { faults.Add(new("$.group", $"found {spec.Group.Length} characters, needed at most 100")); }

        if (spec.Name?.Any(char.IsControl) == true) { faults.Add(new("$.name", "found control characters, needed none")); }
        if (spec.Group?.Any(char.IsControl) == true) { faults.Add(new("$.group", "found control characters, needed none")); }

        if (spec.Data is null) { faults.Add(Missing("$.data")); } else { CheckData(spec.Data, faults); }
        if (spec.Model is null) { faults.Add(Missing("$.model")); } else { CheckModel(spec.Model, faults); }
        if (spec.Training is null) { faults.Add(Missing("$.training")); } else { CheckTraining(spec.Training, faults); }
        if (faults.Count == 0) { CheckMemory(spec, faults); }
        if (faults.Count == 0) { CheckTask(spec, faults); }
        return faults;
    }

    private static void CheckData(DataSpec data, List<SpecFault> faults)
    {
        if (string.IsNullOrWhiteSpace(data.Dataset)) { faults.Add(new("$.data.dataset", "found an empty name, needed a name from GET /api/v1/datasets")); }
        Between(faults, "$.data.split", data.Split, 0, 1_000);
        if (data.Sbm is not { } sbm) { return; }

        if (data.Dataset != "sbm") { faults.Add(new("$.data.sbm", $"found settings of the generated set beside dataset \"{data.Dataset}\", needed dataset \"sbm\"")); }
        Between(faults, "$.data.sbm.nodes", sbm.Nodes, 10, 1_000_000);
        Between(faults, "$.data.sbm.classes", sbm.Classes, 2, Math.Max(2, Math.Min(1_000, sbm.Nodes / 5)));
        Between(faults, "$.data.sbm.features", sbm.Features, 1, 4_096);
        Between(faults, "$.data.sbm.degreeWithin", sbm.DegreeWithin, 0, 1_000);
        Between(faults, "$.data.sbm.degreeBetween", sbm.DegreeBetween, 0, 1_000);
        Between(faults, "$.data.sbm.separation", sbm.Separation, 0, 1_000);
    }

    private static SpecFault Missing(string path) => new(path, "found null, needed a value");

    private static void Between(List<SpecFault> faults, string path, double value, double low, double high)
    {
        if (!(value >= low && value <= high))
        {
            faults.Add(new(path, string.Create(CultureInfo.InvariantCulture, $"found {value}, needed a number from {low} to {high}")));
        }
    }

    private static void Known<T>(List<SpecFault> faults, string path, T value) where T : struct, Enum
    {
        if (!Enum.IsDefined(value)) { faults.Add(new(path, $"found {value}, needed one of {string.Join(", ", Enum.GetNames<T>())}")); }
    }
}
