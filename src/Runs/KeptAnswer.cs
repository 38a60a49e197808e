using Microsoft.EntityFrameworkCore;

namespace Runs;

/// <summary>The answer to a request that named an idempotency key: given again, word for word, when the same request comes again.</summary>
public sealed class KeptAnswer
{
    /// <summary>How long an idempotency key stands for its request.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromHours(24);

    /// <summary>Id of the API key that asked: the idempotency keys of two of them have nothing to do with each other.</summary>
    public required string Owner { get; init; }
    public required string Key { get; init; }

    /// <summary>Over method, address and body: what the key stands for.</summary>
    public required string RequestSha256 { get; init; }
    public required string Location { get; init; }
    public required string Body { get; init; }
    public DateTimeOffset At { get; init; }
}

public static class KeptAnswers
{
    /// <summary>Null where the key was not used, or so long ago that it may be used anew.</summary>
    public static Task<KeptAnswer?> KeptAnswer(this RunsDb db, string owner, string key, DateTimeOffset now, CancellationToken cancellation)
    {
        var since = now - Runs.KeptAnswer.Life;
        return db.KeptAnswers.AsNoTracking().SingleOrDefaultAsync(answer => answer.Owner == owner && answer.Key == key && answer.At > since, cancellation);
    }

    /// <summary>In the transaction of what it answers: either both are stored or none. Old ones go.</summary>
    internal static async Task Keep(this RunsDb db, KeptAnswer answer, CancellationToken cancellation)
    {
        var since = answer.At - Runs.KeptAnswer.Life;
        await db.KeptAnswers.Where(old => old.At <= since).ExecuteDeleteAsync(cancellation);
        db.KeptAnswers.Add(answer);
    }
}
