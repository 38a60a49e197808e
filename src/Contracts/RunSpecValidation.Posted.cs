namespace Contracts;

public static partial class RunSpecValidation
{
    /// <summary>The same for a spec that comes from outside: its data set must be in the catalogue, too.</summary>
    public static IReadOnlyList<SpecFault> FaultsOfPosted(RunSpec spec)
    {
        var faults = Faults(spec);
        return faults.All(fault => fault.Path != "$.data.dataset") && DatasetCatalog.Find(spec.Data.Dataset) is null
            ? [.. faults, new("$.data.dataset", DatasetCatalog.UnknownName(spec.Data.Dataset))]
            : faults;
    }
}
