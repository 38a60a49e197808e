using Contracts;

namespace Runs;

/// <summary>A run that a worker holds until its lease is over: <see cref="Attempt"/> proves it with every write.</summary>
public sealed record ClaimedRun
{
    public required Guid Id { get; init; }
    public required int Attempt { get; init; }
    public required RunSpec Spec { get; init; }
    public long? EstimatedMemoryBytes { get; init; }
    public required string ArtifactsFolder { get; init; }

    /// <summary>Trace of the request that made the run.</summary>
    public string? TraceParent { get; init; }

    /// <summary>The last registered checkpoint, if an earlier attempt wrote one.</summary>
    public string? CheckpointPath { get; init; }
    public string? CheckpointSha256 { get; init; }

    /// <summary>File name of the checkpoint that holds the best epoch so far; it is kept beside the newest.</summary>
    public string? BestCheckpoint { get; init; }
}

public enum LeaseAnswer
{
    Held,

    /// <summary>Held, and somebody wants the run to end: stop the Trainer.</summary>
    CancelRequested,

    /// <summary>Held, and somebody wants the run to wait: checkpoint, and let go of it.</summary>
    PauseRequested,

    /// <summary>The run belongs to a later attempt or to nobody: stop at once, nothing of this attempt is stored any more.</summary>
    Lost,
}

/// <summary>To what a user asked of a run: cancel, pause, resume.</summary>
public enum UserAnswer
{
    /// <summary>Done, or going to be; also when it already was.</summary>
    Accepted,

    Unknown,

    /// <summary>Its status does not allow it (<see cref="RunTransitions"/>).</summary>
    Refused,
}
