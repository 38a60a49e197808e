using System.Diagnostics;
using System.Text.Json;
using Contracts;

namespace Runs;

/// <summary>
/// A row of the runs table, the one truth about a run. <see cref="Status"/> and <see cref="Attempt"/> are part of the condition of every
/// update (concurrency tokens), and change only by <see cref="RunTransitions"/>.
/// </summary>
public sealed class Run
{
    public Guid Id { get; init; }
    public required string Name { get; set; }
    public string? Group { get; init; }

    /// <summary>The posted <see cref="RunSpec"/>; the columns below repeat what the list shows.</summary>
    public required string SpecJson { get; init; }
    public required string Dataset { get; init; }
    public Convolution Convolution { get; init; }
    public Backbone Backbone { get; init; }
    public int Layers { get; init; }
    public int HiddenChannels { get; init; }
    public int Seed { get; init; }
    public int Epochs { get; init; }

    public RunStatus Status { get; internal set; }

    /// <summary>Raised by every claim: the fence of each write that a worker makes.</summary>
    public int Attempt { get; internal set; }

    /// <summary>Attempts that ended through no fault of the run, by <see cref="RetryBudget"/>; a graceful stop is none of them.</summary>
    public int LostAttempts { get; internal set; }
    public int InfrastructureFailures { get; internal set; }
    public string? Worker { get; internal set; }
    public DateTimeOffset? LeaseUntil { get; internal set; }

    /// <summary>Higher is claimed first; equal ones by age.</summary>
    public int Priority { get; set; }

    /// <summary>A JSON array of labels.</summary>
    public string? TagsJson { get; set; }
    public string? Notes { get; set; }

    /// <summary>Raised by every edit of name, tags, notes or priority: the run's ETag.</summary>
    public int EditVersion { get; set; }
    public Guid? ClonedFrom { get; init; }

    /// <summary>What the training process will need, told when the run was posted; null where it could not be.</summary>
    public long? EstimatedMemoryBytes { get; init; }

    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? StartedAt { get; internal set; }
    public DateTimeOffset? FinishedAt { get; internal set; }

    public int Epoch { get; internal set; }
    public string? Metric { get; internal set; }
    public int? BestEpoch { get; internal set; }
    public double? BestValidMetric { get; internal set; }
    public double? BestValidLoss { get; internal set; }
    public double? TestMetric { get; internal set; }
    public long? PeakMemoryBytes { get; internal set; }
    public FailureClass? FailureClass { get; internal set; }
    public string? FailureMessage { get; internal set; }

    /// <summary>The last registered checkpoint; the path is relative to the run's artifacts folder.</summary>
    public int? CheckpointEpoch { get; internal set; }
    public string? CheckpointPath { get; internal set; }
    public string? CheckpointSha256 { get; internal set; }

    /// <summary>The registered checkpoint that holds the best epoch so far.</summary>
    public int? BestCheckpointEpoch { get; internal set; }
    public string? BestCheckpointPath { get; internal set; }
    public string? BestCheckpointSha256 { get; internal set; }

    /// <summary>The <see cref="StartedEvent"/> of the newest attempt.</summary>
    public string? StartedJson { get; internal set; }

    /// <summary>A JSON object: a <see cref="MetricSummary"/> for each metric.</summary>
    public string? SummariesJson { get; internal set; }

    /// <summary>W3C trace context of the request that made the run: its claims, attempts and epochs belong to the same trace.</summary>
    public string? TraceParent { get; init; }

    /// <summary>Counts the stored epochs and events of this run without a gap.</summary>
    public long LastSeq { get; internal set; }

    public static Run Create(RunSpec spec, DateTimeOffset now, int priority = 0, Guid? clonedFrom = null) => new()
    {
        Id = Guid.CreateVersion7(now),
        Name = string.IsNullOrWhiteSpace(spec.Name) ? NameFor(spec) : spec.Name.Trim(),
        Group = string.IsNullOrWhiteSpace(spec.Group) ? null : spec.Group.Trim(),
        SpecJson = JsonSerializer.Serialize(spec, ContractJson.Options),
        Dataset = spec.Data.Dataset,
        Convolution = spec.Model.Convolution,
        Backbone = spec.Model.Backbone,
        Layers = spec.Model.Layers,
        HiddenChannels = spec.Model.HiddenChannels,
        Seed = spec.Seed,
        Epochs = spec.Training.Epochs,
        Status = RunStatus.Queued,
        CreatedAt = now,
        Priority = priority,
        EstimatedMemoryBytes = MemoryEstimate.Of(spec)?.TotalBytes,
        ClonedFrom = clonedFrom,
        TraceParent = Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } trace } ? trace : null,
    };

    public RunSpec ReadSpec() => JsonSerializer.Deserialize<RunSpec>(SpecJson, ContractJson.Options)!;

    public StartedEvent? ReadStarted() =>
        StartedJson is null ? null : JsonSerializer.Deserialize<TrainerEvent>(StartedJson, ContractJson.Options) as StartedEvent;

    public IReadOnlyList<string> Tags
    {
        get => TagsJson is null ? [] : JsonSerializer.Deserialize<List<string>>(TagsJson)!;
        set => TagsJson = value.Count == 0 ? null : JsonSerializer.Serialize(value);
    }

    public IReadOnlyDictionary<string, MetricSummary> Summaries =>
        SummariesJson is null ? new Dictionary<string, MetricSummary>() : JsonSerializer.Deserialize<Dictionary<string, MetricSummary>>(SummariesJson, ContractJson.Options)!;

    public bool IsHeldBy(int attempt) => Attempt == attempt && RunTransitions.IsHeld(Status);

    /// <summary>Since when the worker gave no sign of life, where that is so long ago, at the store's time <paramref name="now"/>, that it is late.</summary>
    public DateTimeOffset? SilentSince(DateTimeOffset now) =>
        RunTransitions.IsHeld(Status) && LeaseUntil - RunQueue.Lease is { } renewed && now - renewed > RunQueue.LateAfter ? renewed : null;

    /// <param name="now">The store's time (<see cref="RunsDb.TimeToJudge"/>); without it a worker that is late is not told of.</param>
    public RunSummary ToSummary(DateTimeOffset? now = null) => Fill(new RunSummary { Name = Name, Dataset = Dataset }, now);

    /// <inheritdoc cref="ToSummary" />
    public RunDetail ToDetail(DateTimeOffset? now = null) => (RunDetail)Fill(new RunDetail
    {
        Name = Name,
        Dataset = Dataset,
        Spec = ReadSpec(),
        Notes = Notes,
        ClonedFrom = ClonedFrom,
        CheckpointEpoch = CheckpointEpoch,
        BestCheckpointEpoch = BestCheckpointEpoch,
        Started = ReadStarted(),
        Summaries = Summaries,
    }, now);

    private RunSummary Fill(RunSummary empty, DateTimeOffset? now) => empty with
    {
        Id = Id,
        Group = Group,
        Status = Status,
        Convolution = Convolution,
        Backbone = Backbone,
        Layers = Layers,
        HiddenChannels = HiddenChannels,
        Seed = Seed,
        Priority = Priority,
        Tags = Tags,
        Epoch = Epoch,
        Epochs = Epochs,
        Metric = Metric,
        BestEpoch = BestEpoch,
        BestValidMetric = BestValidMetric,
        TestMetric = TestMetric,
        PeakMemoryBytes = PeakMemoryBytes,
        EstimatedMemoryBytes = EstimatedMemoryBytes,
        Attempt = Attempt,
        Worker = Worker,
        SilentSince = now is { } at ? SilentSince(at) : null,
        CreatedAt = CreatedAt,
        StartedAt = StartedAt,
        FinishedAt = FinishedAt,
        FailureClass = FailureClass,
        FailureMessage = FailureMessage,
        Seq = LastSeq,
    };

    private static string NameFor(RunSpec spec)
    {
        var backbone = spec.Model.Backbone switch { Backbone.Res => "Res", Backbone.ResPlus => "Res+", Backbone.Dense => "Dense", _ => "" };
        return $"{backbone}{spec.Model.Convolution.ToString().ToUpperInvariant()}-{spec.Model.Layers} on {spec.Data.Dataset}";
    }
}
