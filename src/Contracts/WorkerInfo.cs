namespace Contracts;

/// <summary>A worker that gave a sign of life within the last half minute.</summary>
public sealed record WorkerInfo
{
    public required string Name { get; init; }

    /// <summary>The most memory that the estimate of a run may have for this worker to take it, in bytes: its device less a margin, by its slots.</summary>
    public long RunMemoryBytes { get; init; }

    /// <summary>How many runs it trains at once.</summary>
    public int Slots { get; init; }
    public DateTimeOffset SeenAt { get; init; }
}

/// <summary>Whether a run's estimate fits the workers that are known.</summary>
public static class MemoryFit
{
    /// <summary>Why none of the workers takes such a run; null where one does, or where nothing can be said: no estimate, or no worker.</summary>
    public static string? Obstacle(long? estimateBytes, IReadOnlyList<WorkerInfo> workers)
    {
        if (estimateBytes is not { } needed || workers.Count == 0) { return null; }
        var largest = workers.MaxBy(worker => worker.RunMemoryBytes)!;
        return needed <= largest.RunMemoryBytes ? null
            : $"it needs about {MemoryEstimate.Text(needed)}, and no known worker takes a run of more than {MemoryEstimate.Text(largest.RunMemoryBytes)} ({largest.Name})";
    }
}
