using System.Text.Json;
using Contracts;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Runs;

namespace Api;

/// <summary>The routes of runs. A handler reads the store itself, or asks the queue for a change: nothing lies in between.</summary>
public static class RunsApi
{
    public const int MaxBodyBytes = 1_000_000;
    public const int MaxPage = 200;
    private const int DefaultPage = 50;

    public static void MapRuns(this IEndpointRouteBuilder routes)
    {
        var runs = routes.MapGroup("/api/v1/runs").WithTags("Runs").ProducesProblem(400).ProducesProblem(503);
        runs.MapPost("", Create).WithName("CreateRun").WithSummary("Queue a run")
            .Accepts<RunSpec>("application/json").WithMetadata(new RequestSizeLimitAttribute(MaxBodyBytes))
            .Produces<RunDetail>(202).ProducesProblem(413).ProducesProblem(415).ProducesProblem(422);
        runs.MapGet("", List).WithName("ListRuns").WithSummary("Runs, newest first, by pages")
            .WithDescription($"`status`: names separated by commas. `group`: a label. `limit`: 1 to {MaxPage}, default {DefaultPage}. `cursor`: the `nextCursor` of the page before.")
            .Produces<RunPage>();
        runs.MapGet("/{id}", Get).WithName("GetRun").WithSummary("One run with its spec").Produces<RunDetail>().ProducesProblem(404);
        runs.MapGet("/{id}/metrics", Metrics).WithName("GetRunMetrics").WithSummary("Epochs and events after a cursor")
            .WithDescription("`after`: the `seq` of the last answer, 0 for all. A long history comes in parts: ask again until `seq` does not rise. Epochs that a resumed attempt voided are left out.")
            .Produces<RunHistory>().ProducesProblem(404);
        runs.MapGet("/{id}/events", Events).WithName("GetRunEvents").WithSummary("Events alone after a cursor").Produces<RunHistory>().ProducesProblem(404);
        runs.MapGet("/{id}/layers", Layers).WithName("GetRunLayers").WithSummary("Figures by layer")
            .WithDescription("Over-smoothing, gradients and dead channels of each layer, for the epochs that `training.diagnosticsEvery` asks for; empty where it asks for none.")
            .Produces<RunLayers>().ProducesProblem(404);
        runs.MapPost("/{id}/cancel", Cancel).WithName("CancelRun").WithSummary("End a run; its figures stay")
            .Produces<RunDetail>(202).ProducesProblem(404).ProducesProblem(409);
    }

    private static async Task<IResult> Create(HttpRequest request, RunQueue queue, CancellationToken cancellation)
    {
        using var body = new StreamReader(request.Body);
        var (spec, fault) = RunSpecJson.Parse(await body.ReadToEndAsync(cancellation));
        if (spec is null) { return Problems.Malformed(fault!); }

        var faults = RunSpecValidation.FaultsOfPosted(spec);
        if (faults.Count > 0) { return Problems.InvalidSpec(faults); }

        var run = await queue.Create(spec, cancellation);
        return TypedResults.Accepted($"/api/v1/runs/{run.Id}", run.ToDetail());
    }

    private static async Task<IResult> List(RunsDb db, string? status, string? group, int? limit, string? cursor, CancellationToken cancellation)
    {
        if (limit is < 1 or > MaxPage) { return Problems.Malformed(new SpecFault("limit", $"found {limit}, needed a whole number from 1 to {MaxPage}")); }
        var runs = db.Runs.AsNoTracking();
        if (!string.IsNullOrEmpty(status))
        {
            var names = status.Split(',', StringSplitOptions.TrimEntries);
            var wanted = Enum.GetValues<RunStatus>().Where(known => names.Contains(NameOf(known))).ToList();
            if (names.Any(name => !wanted.Exists(known => NameOf(known) == name)))
            {
                return Problems.Malformed(new SpecFault("status", $"found \"{status}\", needed some of {string.Join(",", Enum.GetValues<RunStatus>().Select(NameOf))}"));
            }
            runs = runs.Where(run => wanted.Contains(run.Status));
        }
        if (!string.IsNullOrEmpty(group))
        {
            if (group.Any(char.IsControl)) { return Problems.Malformed(new SpecFault("group", "found control characters, needed none")); }
            runs = runs.Where(run => run.Group == group);
        }
        if (!string.IsNullOrEmpty(cursor))
        {
            if (RunCursor.Parse(cursor) is not { } after) { return Problems.Malformed(new SpecFault("cursor", $"found \"{cursor}\", needed the nextCursor of a page")); }
            runs = runs.Where(run => run.CreatedAt < after.CreatedAt || (run.CreatedAt == after.CreatedAt && run.Id.CompareTo(after.Id) < 0));
        }

        var size = limit ?? DefaultPage;
        var page = await runs.OrderByDescending(run => run.CreatedAt).ThenByDescending(run => run.Id).Take(size + 1).ToListAsync(cancellation);
        return TypedResults.Ok(new RunPage
        {
            Items = [.. page.Take(size).Select(run => run.ToSummary())],
            NextCursor = page.Count > size ? RunCursor.Of(page[size - 1]).ToString() : null,
        });
    }

    private static async Task<Results<Ok<RunDetail>, ProblemHttpResult>> Get(RunsDb db, Guid id, CancellationToken cancellation) =>
        await db.Runs.AsNoTracking().SingleOrDefaultAsync(run => run.Id == id, cancellation) is { } run
            ? TypedResults.Ok(run.ToDetail())
            : Problems.UnknownRun(id);

    private static async Task<IResult> Metrics(RunsDb db, Guid id, CancellationToken cancellation, long after = 0) =>
        after < 0 ? NegativeCursor(after)
        : await db.HistoryAfter(id, after, cancellation) is { } history ? TypedResults.Ok(history)
        : Problems.UnknownRun(id);

    private static async Task<IResult> Events(RunsDb db, Guid id, CancellationToken cancellation, long after = 0) =>
        after < 0 ? NegativeCursor(after)
        : await db.HistoryAfter(id, after, cancellation) is { } history ? TypedResults.Ok(history with { Epochs = [] })
        : Problems.UnknownRun(id);

    private static async Task<Results<Ok<RunLayers>, ProblemHttpResult>> Layers(RunsDb db, Guid id, CancellationToken cancellation) =>
        await db.LayersOf(id, cancellation) is { } layers ? TypedResults.Ok(layers) : Problems.UnknownRun(id);

    private static async Task<IResult> Cancel(RunQueue queue, RunsDb db, Guid id, CancellationToken cancellation)
    {
        var answer = await queue.Cancel(id, cancellation);
        if (answer == CancelAnswer.Unknown) { return Problems.UnknownRun(id); }

        var run = await db.Runs.AsNoTracking().SingleAsync(r => r.Id == id, cancellation);
        return answer == CancelAnswer.AlreadyFinished ? Problems.AlreadyFinished(run.Status) : TypedResults.Accepted($"/api/v1/runs/{id}", run.ToDetail());
    }

    private static string NameOf(RunStatus status) => JsonSerializer.SerializeToElement(status, ContractJson.Options).GetString()!;

    private static ProblemHttpResult NegativeCursor(long after) => Problems.Malformed(new SpecFault("after", $"found {after}, needed 0 or more"));
}
