namespace Runs;

/// <summary>What a worker process said of itself last.</summary>
public sealed class WorkerRow
{
    public required string Name { get; init; }
    public long RunMemoryBytes { get; set; }
    public int Slots { get; set; }
    public DateTimeOffset SeenAt { get; set; }
}
