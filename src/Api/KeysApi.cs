using System.Text.Json;
using Contracts;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Runs;

namespace Api;

/// <summary>Keys and the audit, for admins.</summary>
public static class KeysApi
{
    private const int MaxName = 100;
    private const int DefaultDays = 90;
    private const int MostDays = 3_650;
    private const int MaxPage = 200;

    public static void MapKeys(this IEndpointRouteBuilder routes)
    {
        var keys = routes.MapGroup("/api/v1/keys").WithTags("Keys").ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(429).ProducesProblem(503);
        keys.MapPost("", Create).WithName("CreateKey").WithSummary("Make a key; the answer alone holds its token")
            .Accepts<KeyRequest>("application/json").WithMetadata(new RequestSizeLimitAttribute(RunsApi.MaxBodyBytes))
            .Produces<NewKey>(201).ProducesProblem(413).ProducesProblem(415).ProducesProblem(422).Needs(KeyScope.Admin);
        keys.MapGet("", List).WithName("ListKeys").WithSummary("All keys, without their secrets").Produces<List<KeyInfo>>().Needs(KeyScope.Admin);
        keys.MapDelete("/{id}", Revoke).WithName("RevokeKey").WithSummary("A key that opens nothing any more").Produces<KeyInfo>().ProducesProblem(404).Needs(KeyScope.Admin);
        routes.MapGet("/api/v1/audit", Audit).WithTags("Audit").WithName("ListAudit").WithSummary("Who changed what, newest first")
            .WithDescription("`run`: only of one run. `before`: the `nextBefore` of the page before. `limit`: 1 to 200, default 50.")
            .Produces<AuditPage>().ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(429).ProducesProblem(503).Needs(KeyScope.Admin);
    }

    private static async Task<IResult> Create(HttpRequest request, RunStore store, CancellationToken cancellation)
    {
        using var body = new StreamReader(request.Body);
        KeyRequest? asked;
        try { asked = JsonSerializer.Deserialize<KeyRequest>(await body.ReadToEndAsync(cancellation), ContractJson.Options); }
        catch (JsonException unreadable) { return Problems.Malformed(new SpecFault(unreadable.Path ?? "$", "found text that is no key request, needed an object with name (text), scope (viewer, worker, operator or admin) and expiresInDays (whole number)")); }
        if (asked is null) { return Problems.Malformed(new SpecFault("$", "found null, needed an object with name, scope and expiresInDays")); }
        if (Faults(asked).ToList() is { Count: > 0 } faults) { return Problems.InvalidEdit(faults); }

        var (key, token) = await store.Write(async db =>
        {
            var now = await db.Now(cancellation);
            var made = ApiKey.Create(asked.Name.Trim(), asked.Scope, now, now.AddDays(asked.ExpiresInDays ?? DefaultDays));
            db.Keys.Add(made.Key);
            db.Note("create-key", null, now, $"{made.Key.Id} {made.Key.Name}, {ContractJson.NameOf(made.Key.Scope)}, until {made.Key.ExpiresAt:yyyy-MM-dd}");
            return made;
        }, cancellation);
        request.HttpContext.Response.Headers.CacheControl = "no-store";
        var info = key.ToInfo();
        return TypedResults.Created($"/api/v1/keys/{key.Id}", new NewKey { Id = info.Id, Name = info.Name, Scope = info.Scope, CreatedAt = info.CreatedAt, ExpiresAt = info.ExpiresAt, Token = token });
    }

    private static async Task<IResult> List(RunsDb db, CancellationToken cancellation) =>
        TypedResults.Ok((await db.Keys.AsNoTracking().OrderBy(key => key.CreatedAt).ToListAsync(cancellation)).ConvertAll(key => key.ToInfo()));

    private static async Task<IResult> Revoke(RunStore store, string id, CancellationToken cancellation)
    {
        var revoked = id.Any(char.IsControl) ? null : await store.Write(async db =>
        {
            if (await db.Keys.SingleOrDefaultAsync(key => key.Id == id, cancellation) is not { } key) { return null; }
            var now = await db.Now(cancellation);
            key.RevokedAt ??= now;
            db.Note("revoke-key", null, now, $"{key.Id} {key.Name}");
            return key;
        }, cancellation);
        return revoked is null ? Problems.UnknownKey() : TypedResults.Ok(revoked.ToInfo());
    }

    private static async Task<IResult> Audit(RunsDb db, Guid? run, Guid? before, int? limit, CancellationToken cancellation)
    {
        if (limit is < 1 or > MaxPage) { return Problems.Malformed(new SpecFault("limit", $"found {limit}, needed a whole number from 1 to {MaxPage}")); }
        var rows = db.Audit.AsNoTracking();
        if (run is { } id) { rows = rows.Where(row => row.RunId == id); }
        if (before is { } last) { rows = rows.Where(row => row.Id.CompareTo(last) < 0); }
        var size = limit ?? 50;
        var page = await rows.OrderByDescending(row => row.Id).Take(size + 1).ToListAsync(cancellation);
        return TypedResults.Ok(new AuditPage
        {
            Items = [.. page.Take(size).Select(row => new AuditEntry { Id = row.Id, At = row.At, Actor = row.Actor, Action = row.Action, RunId = row.RunId, Detail = row.Detail })],
            NextBefore = page.Count > size ? page[size - 1].Id : null,
        });
    }

    private static IEnumerable<SpecFault> Faults(KeyRequest asked)
    {
        if (string.IsNullOrWhiteSpace(asked.Name) || asked.Name.Length > MaxName || asked.Name.Any(char.IsControl)) { yield return new("$.name", $"found \"{(asked.Name.Length > 60 ? asked.Name[..60] + "…" : asked.Name)}\", needed a text of 1 to {MaxName} characters"); }
        if (asked.ExpiresInDays is < 1 or > MostDays) { yield return new("$.expiresInDays", $"found {asked.ExpiresInDays}, needed a whole number from 1 to {MostDays}"); }
    }
}
