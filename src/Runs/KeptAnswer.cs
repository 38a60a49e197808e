namespace Runs;

/// <summary>The answer to a request that named an idempotency key: given again, word for word, when the same request comes again.</summary>
public sealed class KeptAnswer
{
    /// <summary>Id of the API key that asked: the idempotency keys of two of them have nothing to do with each other.</summary>
    public required string Owner { get; init; }
    public required string Key { get; init; }

    /// <summary>Over method, address and body: what the key stands for.</summary>
    public required string RequestSha256 { get; init; }
    public required string Location { get; init; }
    public required string Body { get; init; }
    public DateTimeOffset At { get; init; }
}
