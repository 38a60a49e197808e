namespace Contracts;

public static partial class RunSpecValidation
{
    /// <summary>The same for a spec that comes from outside: its data set must be in the catalogue, and its memory budget enough, too.</summary>
    public static IReadOnlyList<SpecFault> FaultsOfPosted(RunSpec spec)
    {
        var faults = Faults(spec);
        if (faults.All(fault => fault.Path != "$.data.dataset") && DatasetCatalog.Find(spec.Data.Dataset) is null)
        {
            return [.. faults, new("$.data.dataset", DatasetCatalog.UnknownName(spec.Data.Dataset))];
        }

        return faults.Count == 0 && spec.Training.MemoryBudgetMiB is { } mebibytes && MemoryEstimate.Of(spec) is { } least && least.TotalBytes > (long)mebibytes << 20
            ? [new("$.training.memoryBudgetMiB", $"found {mebibytes} MiB for a run that {MemoryAdvice.Text(least, (long)mebibytes << 20)}")]
            : faults;
    }
}
