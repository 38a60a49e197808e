using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Contracts;
using Microsoft.EntityFrameworkCore;
using Runs;

namespace Api;

/// <summary>
/// A request that makes runs and may come twice, because its client did not hear the answer. With <c>Idempotency-Key</c> the second one makes
/// nothing and gets the first one's answer; another request under the same key is refused. Only what was accepted is kept.
/// </summary>
internal sealed class RepeatableRequest(HttpRequest request, string body)
{
    public const string KeyHeader = "Idempotency-Key";
    public const string RepeatedHeader = "Idempotency-Replayed";
    private const int LongestKey = 200;

    /// <param name="create">Makes the runs and stores what it is given beside them.</param>
    /// <param name="answer">Where they are, and the body of the answer.</param>
    /// <param name="created">When they were made.</param>
    public async Task<IResult> Answer<T>(Func<Func<T, KeptAnswer>?, Task<T>> create, Func<T, (string Location, object Body)> answer, Func<T, DateTimeOffset> created)
    {
        if (!request.Headers.TryGetValue(KeyHeader, out var given))
        {
            var (location, made) = answer(await create(null));
            return Accepted(location, Serialized(made));
        }
        if (given is not [{ Length: > 0 and <= LongestKey } key] || key.Any(letter => letter is < ' ' or > '~'))
        {
            return Problems.Malformed(new SpecFault(KeyHeader, $"found {(given.Count == 1 ? "another text" : $"{given.Count} values")}, needed one text of 1 to {LongestKey} visible ASCII characters"));
        }
        if (await Kept(key) is { } before) { return before; }

        KeptAnswer Keep(T made)
        {
            var (location, content) = answer(made);
            return new KeptAnswer { Owner = Owner, Key = key, RequestSha256 = Sha256(), Location = location, Body = Serialized(content), At = created(made) };
        }

        try
        {
            KeptAnswer? kept = null;
            await create(made => kept = Keep(made));
            return Accepted(kept!.Location, kept.Body);
        }
        catch (DbUpdateException)
        {
            // Both came at once: the other one has stored its answer meanwhile.
            if (await Kept(key) is { } other) { return other; }
            throw;
        }
    }

    private string Owner => request.HttpContext.User.FindFirstValue(ClaimTypes.NameIdentifier) ?? "";

    private async Task<IResult?> Kept(string key)
    {
        await using var db = request.HttpContext.RequestServices.GetRequiredService<RunStore>().Open();
        var cancellation = request.HttpContext.RequestAborted;
        if (await db.KeptAnswer(Owner, key, await db.Now(cancellation), cancellation) is not { } kept) { return null; }
        if (kept.RequestSha256 != Sha256()) { return Problems.KeyReused(); }
        request.HttpContext.Response.Headers[RepeatedHeader] = "true";
        return Accepted(kept.Location, kept.Body);
    }

    private string Sha256() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{request.Method} {request.Path}{request.QueryString}\n{body}")));

    private static string Serialized(object content) => JsonSerializer.Serialize(content, content.GetType(), ContractJson.Options);

    private IResult Accepted(string location, string content)
    {
        request.HttpContext.Response.Headers.Location = location;
        return Results.Text(content, "application/json", Encoding.UTF8, StatusCodes.Status202Accepted);
    }
}
