using System.Text.Json.Serialization;

namespace Contracts;

public enum RunStatus
{
    [JsonStringEnumMemberName("queued")] Queued,
    [JsonStringEnumMemberName("running")] Running,
    [JsonStringEnumMemberName("cancelling")] Cancelling,

    /// <summary>Told to write a checkpoint and give its device back.</summary>
    [JsonStringEnumMemberName("pausing")] Pausing,

    /// <summary>Waits until somebody resumes it; its checkpoint is kept.</summary>
    [JsonStringEnumMemberName("paused")] Paused,
    [JsonStringEnumMemberName("cancelled")] Cancelled,
    [JsonStringEnumMemberName("succeeded")] Succeeded,
    [JsonStringEnumMemberName("failed")] Failed,
}

/// <summary>A row of the runs list: everything but the spec's details and the history.</summary>
public record RunSummary
{
    public Guid Id { get; init; }
    public required string Name { get; init; }
    public string? Group { get; init; }
    public RunStatus Status { get; init; }
    public required string Dataset { get; init; }
    public Convolution Convolution { get; init; }
    public Backbone Backbone { get; init; }
    public int Layers { get; init; }
    public int HiddenChannels { get; init; }
    public int Seed { get; init; }

    /// <summary>Higher is trained first; equal ones by age.</summary>
    public int Priority { get; init; }
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Last epoch stored, and epochs asked for.</summary>
    public int Epoch { get; init; }
    public int Epochs { get; init; }

    /// <summary>Name of the metric, known once the run has started.</summary>
    public string? Metric { get; init; }

    /// <summary>Figures of the epoch chosen on the valid split so far.</summary>
    public int? BestEpoch { get; init; }
    public double? BestValidMetric { get; init; }
    public double? TestMetric { get; init; }

    public long? PeakMemoryBytes { get; init; }

    /// <summary>Peak memory as it was estimated when the run was posted; absent where it could not be.</summary>
    public long? EstimatedMemoryBytes { get; init; }
    public int Attempt { get; init; }
    public string? Worker { get; init; }

    /// <summary>
    /// Set while the worker is late: its last sign of life, 15 s ago or more. It comes back, or the run is taken from it after 30 s.
    /// </summary>
    public DateTimeOffset? SilentSince { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
    public FailureClass? FailureClass { get; init; }
    public string? FailureMessage { get; init; }

    /// <summary>Number of the run's last stored event: the cursor that everything about a run is ordered by.</summary>
    public long Seq { get; init; }
}

public sealed record RunDetail : RunSummary
{
    public required RunSpec Spec { get; init; }
    public string? Notes { get; init; }

    /// <summary>The run that this one repeats.</summary>
    public Guid? ClonedFrom { get; init; }

    /// <summary>Epoch of the last registered checkpoint, and of the one that holds the best epoch so far.</summary>
    public int? CheckpointEpoch { get; init; }
    public int? BestCheckpointEpoch { get; init; }

    /// <summary>While it is queued: why no known worker takes it, or null.</summary>
    public string? WaitsFor { get; init; }

    /// <summary>Facts of the data and the model, known once the run has started.</summary>
    public StartedEvent? Started { get; init; }

    /// <summary>Lowest, highest and last value of each metric over the epochs that count: trainLoss, validMetric, seconds, …, and the task's further ones.</summary>
    public IReadOnlyDictionary<string, MetricSummary> Summaries { get; init; } = new Dictionary<string, MetricSummary>();
}

/// <summary>What may be edited of a run at any time; an absent member stays as it is.</summary>
public sealed record RunEdit
{
    public string? Name { get; init; }
    public IReadOnlyList<string>? Tags { get; init; }
    public string? Notes { get; init; }
    public int? Priority { get; init; }
}

/// <summary>All that is needed to train a run again and to see whether the same came out.</summary>
public sealed record RunRepro
{
    public Guid Id { get; init; }
    public required RunSpec Spec { get; init; }

    /// <summary>Version of the Trainer that trained it, with the commit it was built from.</summary>
    public string? CodeVersion { get; init; }

    /// <summary>SHA-256 over the data set as it was loaded.</summary>
    public string? DataSha256 { get; init; }

    /// <summary>Operating system, processor architecture, runtime and libtorch.</summary>
    public string? Platform { get; init; }
    public string? Device { get; init; }
    public int? Threads { get; init; }
    public int Attempts { get; init; }

    /// <summary>What came out: equal spec, code, data, platform, device and threads give equal weights.</summary>
    public string? WeightsSha256 { get; init; }
    public int? BestEpoch { get; init; }
    public double? BestValidMetric { get; init; }
    public double? TestMetric { get; init; }
}

public sealed record RunPage
{
    public required IReadOnlyList<RunSummary> Items { get; init; }

    /// <summary>Pass as <c>cursor</c> for the next page; null on the last one.</summary>
    public string? NextCursor { get; init; }
}

/// <summary>A stored epoch. <see cref="Seq"/> rises with every stored event of the run; no two points share one.</summary>
public sealed record EpochPoint
{
    public long Seq { get; init; }
    public int Attempt { get; init; }
    public required EpochEvent Figures { get; init; }
}

/// <summary>Figures by layer of a run, one for each epoch that was diagnosed, in their order.</summary>
public sealed record RunLayers
{
    public required IReadOnlyList<LayersEvent> Epochs { get; init; }
}

/// <summary>Memory of a run's training process, where its figures changed: each holds until the next one's epoch.</summary>
public sealed record RunMemory
{
    public required IReadOnlyList<MemoryEvent> Epochs { get; init; }
}

/// <summary>
/// A stored event other than an epoch: a change of status (<c>status</c>), or what the Trainer reported (<c>started</c>,
/// <c>checkpoint</c>, <c>log</c>, <c>finished</c>, <c>failed</c>, <c>stopped</c>).
/// </summary>
public sealed record RunEvent
{
    public long Seq { get; init; }
    public int Attempt { get; init; }
    public DateTimeOffset At { get; init; }
    public required string Kind { get; init; }

    /// <summary>One line for people.</summary>
    public required string Message { get; init; }

    /// <summary>For <c>started</c>: epochs after this one by earlier attempts are void.</summary>
    public int? ResumedFromEpoch { get; init; }
}

/// <summary>Epochs and events of one run in order of <c>seq</c>, all of them later than the cursor asked for.</summary>
public sealed record RunHistory
{
    public required IReadOnlyList<EpochPoint> Epochs { get; init; }
    public required IReadOnlyList<RunEvent> Events { get; init; }

    /// <summary>The cursor to ask with next.</summary>
    public long Seq { get; init; }
}

public sealed record DatasetInfo
{
    public required string Name { get; init; }
    public required string Title { get; init; }
    public required string Task { get; init; }
    public required string Source { get; init; }

    /// <summary>Whether the files are here (or the set is built in).</summary>
    public bool Available { get; init; }

    public int? Nodes { get; init; }
    public long? Edges { get; init; }
    public int? Features { get; init; }
    public int? Classes { get; init; }
    public int Splits { get; init; } = 1;
}
