using System.Text.Json.Serialization;

namespace Contracts;

/// <summary>What a key may do; each may do what those before it may.</summary>
public enum KeyScope
{
    /// <summary>Read.</summary>
    [JsonStringEnumMemberName("viewer")] Viewer,

    /// <summary>For a worker's own reports and checks; as far as the API goes it reads.</summary>
    [JsonStringEnumMemberName("worker")] Worker,

    /// <summary>Post, edit, pause, cancel runs.</summary>
    [JsonStringEnumMemberName("operator")] Operator,

    /// <summary>Keys and the audit.</summary>
    [JsonStringEnumMemberName("admin")] Admin,
}

public sealed record KeyRequest
{
    public required string Name { get; init; }
    public KeyScope Scope { get; init; } = KeyScope.Viewer;

    /// <summary>Days until it expires, 1 to 3650; absent: 90.</summary>
    public int? ExpiresInDays { get; init; }
}

public record KeyInfo
{
    public required string Id { get; init; }
    public required string Name { get; init; }
    public KeyScope Scope { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public DateTimeOffset? RevokedAt { get; init; }
}

/// <summary>The answer to the creation of a key, the only one that holds its token.</summary>
public sealed record NewKey : KeyInfo
{
    public required string Token { get; init; }
}

public sealed record AuditEntry
{
    public Guid Id { get; init; }
    public DateTimeOffset At { get; init; }

    /// <summary>The name of a key, of a worker, or "service".</summary>
    public required string Actor { get; init; }
    public required string Action { get; init; }
    public Guid? RunId { get; init; }
    public required string Detail { get; init; }
}

public sealed record AuditPage
{
    public required IReadOnlyList<AuditEntry> Items { get; init; }

    /// <summary>Pass as <c>before</c> for the next page; null on the last one.</summary>
    public Guid? NextBefore { get; init; }
}
