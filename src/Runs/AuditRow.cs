namespace Runs;

/// <summary>A change of state, with who made it. Rows are only ever added, in the transaction of the change.</summary>
public sealed class AuditRow
{
    public Guid Id { get; init; } = Guid.CreateVersion7();
    public DateTimeOffset At { get; init; }
    public required string Actor { get; init; }

    /// <summary>claim, cancel, pause, …, create, edit; create-key, revoke-key.</summary>
    public required string Action { get; init; }
    public Guid? RunId { get; init; }
    public required string Detail { get; init; }
}
