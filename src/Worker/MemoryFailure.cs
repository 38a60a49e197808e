using Contracts;
using Runs;

namespace Worker;

/// <summary>What to tell of a run that ran out of memory: what was measured, what was estimated, and the least change that would fit.</summary>
internal static class MemoryFailure
{
    public static FailedEvent Explain(FailedEvent failed, ClaimedRun run, StartedEvent? started, long seenBytes, long allowedBytes)
    {
        var peak = Math.Max(failed.PeakMemoryBytes, seenBytes);
        var estimate = Estimate(run.Spec, started);
        // What was there is what it had when it failed, or what this worker allows a run, whichever is less.
        var there = peak > 0 ? Math.Min(peak, allowedBytes) : allowedBytes;
        var measured = peak > 0 ? $"measured {MemoryEstimate.Text(peak)} until then" : "how much it had is not known";
        var estimated = (run.EstimatedMemoryBytes ?? estimate?.TotalBytes) is { } bytes ? $"estimated {MemoryEstimate.Text(bytes)} in all" : "no estimate";
        var advice = estimate?.TotalBytes is null ? "" : $"; {MemoryAdvice.Fitting(estimate.Alternatives, there)}";
        return failed with { PeakMemoryBytes = peak, Message = $"{failed.Message} ({measured}, {estimated}, this worker allows {MemoryEstimate.Text(allowedBytes)}{advice})" };
    }

    // With the counts that the Trainer reported, where it came so far.
    private static MemoryEstimate? Estimate(RunSpec spec, StartedEvent? started)
    {
        if (DatasetCatalog.Find(spec.Data.Dataset)?.Describe([]) is not { } data) { return null; }
        return MemoryEstimate.Of(spec, started is null ? data : data with { Nodes = started.Nodes, Edges = started.Edges / 2, Features = started.Features, Classes = started.Classes });
    }
}
