using System.Text.Json;
using Contracts;

namespace Runs;

/// <summary>What happened to a run besides its epochs: changes of status, and the Trainer's other events with their full text.</summary>
public sealed class EventRow
{
    /// <summary>Kind of a change of status; every other kind is the discriminator of a <see cref="TrainerEvent"/>.</summary>
    public const string StatusKind = "status";
    public const string StartedKind = "started";
    public const string LayersKind = "layers";
    public const string MemoryKind = "memory";
    public const string CheckpointKind = "checkpoint";

    public Guid RunId { get; init; }
    public long Seq { get; init; }
    public int Attempt { get; init; }
    public DateTimeOffset At { get; init; }
    public required string Kind { get; init; }

    /// <summary>One line for people.</summary>
    public required string Message { get; init; }

    /// <summary>The Trainer's event as it was reported; null for a change of status.</summary>
    public string? Body { get; init; }

    public RunEvent ToEvent() => new()
    {
        Seq = Seq,
        Attempt = Attempt,
        At = At,
        Kind = Kind,
        Message = Message,
        ResumedFromEpoch = Kind == StartedKind ? ReadStarted()?.ResumedFromEpoch : null,
    };

    private StartedEvent? ReadStarted() => Body is null ? null : JsonSerializer.Deserialize<TrainerEvent>(Body, ContractJson.Options) as StartedEvent;
}
