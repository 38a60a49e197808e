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
    private const int FewestPoints = 100;

    public static void MapRuns(this IEndpointRouteBuilder routes)
    {
        var runs = routes.MapGroup("/api/v1/runs").WithTags("Runs").ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(429).ProducesProblem(503).Needs(KeyScope.Viewer);
        runs.MapPost("", Create).WithName("CreateRun").WithSummary("Queue a run")
            .WithDescription("A run that needs more memory than any known worker has is queued all the same and says so (`waitsFor`). `refuseUnfit=true`: it is refused.")
            .Accepts<RunSpec>("application/json").WithMetadata(new RequestSizeLimitAttribute(MaxBodyBytes))
            .Produces<RunDetail>(202).ProducesProblem(413).ProducesProblem(415).ProducesProblem(422)
            .Needs(KeyScope.Operator);
        runs.MapGet("", List).WithName("ListRuns").WithSummary("Runs, newest first, by pages")
            .WithDescription($"`status`: names separated by commas. `group`: a label. `limit`: 1 to {MaxPage}, default {DefaultPage}. `cursor`: the `nextCursor` of the page before.")
            .Produces<RunPage>();
        runs.MapGet("/{id}", Get).WithName("GetRun").WithSummary("One run with its spec").Produces<RunDetail>().ProducesProblem(404);
        runs.MapGet("/{id}/metrics", Metrics).WithName("GetRunMetrics").WithSummary("Epochs and events after a cursor")
            .WithDescription("`after`: the `seq` of the last answer, 0 for all. A long history comes in parts: ask again until `seq` does not rise. Epochs that a resumed attempt voided are left out. " +
                $"`maxPoints` ({FewestPoints} to {RunHistoryReader.PageSize}): of more epochs than that, only the chosen one, the first, the last and those with the lowest or highest loss, metric, seconds or peak memory of their stretch of the run; no extreme of these is lost.")
            .Produces<RunHistory>().ProducesProblem(404);
        runs.MapGet("/{id}/events", Events).WithName("GetRunEvents").WithSummary("Events alone after a cursor").Produces<RunHistory>().ProducesProblem(404);
        runs.MapGet("/{id}/layers", Layers).WithName("GetRunLayers").WithSummary("Figures by layer")
            .WithDescription("Over-smoothing, gradients and dead channels of each layer, for the epochs that `training.diagnosticsEvery` asks for; empty where it asks for none.")
            .Produces<RunLayers>().ProducesProblem(404);
        runs.MapGet("/{id}/memory", Memory).WithName("GetRunMemory").WithSummary("Memory of the training process by kind and phase")
            .WithDescription("The first epoch of each attempt, each in which a figure differed by more than 1 % from the ones before, and the last. Epochs that a resumed attempt voided were left out.")
            .Produces<RunMemory>().ProducesProblem(404);
        runs.MapPatch("/{id}", Edit).WithName("EditRun").WithSummary("Change name, tags, notes or priority")
            .WithDescription("`If-Match`: the `ETag` of the run as it was read, so that nobody overwrites what somebody else changed meanwhile.")
            .Accepts<RunEdit>("application/json").WithMetadata(new RequestSizeLimitAttribute(MaxBodyBytes))
            .Produces<RunDetail>().ProducesProblem(404).ProducesProblem(412).ProducesProblem(413).ProducesProblem(415).ProducesProblem(422).ProducesProblem(428)
            .Needs(KeyScope.Operator);
        runs.MapGet("/{id}/repro", Repro).WithName("GetRunRepro").WithSummary("All that is needed to train the run again exactly")
            .WithDescription("Spec and seed, code version, SHA-256 of the data, platform, and what came out. `POST …/clone` trains it again; equal inputs give equal `weightsSha256`.")
            .Produces<RunRepro>().ProducesProblem(404);
        runs.MapPost("/{id}/pause", Pause).WithName("PauseRun").WithSummary("Write a checkpoint and give the device back")
            .Produces<RunDetail>(202).ProducesProblem(404).ProducesProblem(409)
            .Needs(KeyScope.Operator);
        runs.MapPost("/{id}/resume", Resume).WithName("ResumeRun").WithSummary("Queue a paused run again; it continues from its checkpoint")
            .Produces<RunDetail>(202).ProducesProblem(404).ProducesProblem(409)
            .Needs(KeyScope.Operator);
        runs.MapPost("/{id}/clone", Clone).WithName("CloneRun").WithSummary("Queue a new run of the same spec, seed included")
            .WithDescription("`priority`: of the new run; absent: that of the old one.")
            .Produces<RunDetail>(202).ProducesProblem(404)
            .Needs(KeyScope.Operator);
        runs.MapPost("/{id}/cancel", Cancel).WithName("CancelRun").WithSummary("End a run; its figures stay")
            .Produces<RunDetail>(202).ProducesProblem(404).ProducesProblem(409)
            .Needs(KeyScope.Operator);
    }

    private static async Task<IResult> Create(HttpRequest request, RunQueue queue, KnownWorkers workers, CancellationToken cancellation, int priority = 0, bool refuseUnfit = false)
    {
        if (RunEdits.PriorityFault(priority, "priority") is { } outside) { return Problems.Malformed(outside); }
        using var body = new StreamReader(request.Body);
        var text = await body.ReadToEndAsync(cancellation);
        var (spec, fault) = RunSpecJson.Parse(text);
        if (spec is null) { return Problems.Malformed(fault!); }

        var faults = RunSpecValidation.FaultsOfPosted(spec);
        if (faults.Count > 0) { return Problems.InvalidSpec(faults); }

        if (refuseUnfit && await workers.Unfit([spec], cancellation) is { Count: > 0 } unfit) { return Problems.Unfit(unfit); }
        return await new RepeatableRequest(request, text).Answer<Run>(
            keep => queue.Create(spec, cancellation, priority, keep: keep), run => ($"/api/v1/runs/{run.Id}", run.ToDetail()), run => run.CreatedAt);
    }

    private static async Task<IResult> List(RunsDb db, string? status, string? group, int? limit, string? cursor, CancellationToken cancellation)
    {
        if (limit is < 1 or > MaxPage) { return Problems.Malformed(new SpecFault("limit", $"found {limit}, needed a whole number from 1 to {MaxPage}")); }
        var (runs, fault) = RunFilter.Apply(db, status, group);
        if (fault is not null) { return Problems.Malformed(fault); }
        RunCursor? after = string.IsNullOrEmpty(cursor) ? null : RunCursor.Parse(cursor);
        if (after is null && !string.IsNullOrEmpty(cursor)) { return Problems.Malformed(new SpecFault("cursor", $"found \"{cursor}\", needed the nextCursor of a page")); }

        var size = limit ?? DefaultPage;
        var page = await runs.After(after).Take(size + 1).ToListAsync(cancellation);
        var now = await db.TimeToJudge(page, cancellation);
        return TypedResults.Ok(new RunPage
        {
            Items = [.. page.Take(size).Select(run => run.ToSummary(now))],
            NextCursor = page.Count > size ? RunCursor.Of(page[size - 1]).ToString() : null,
        });
    }

    private static async Task<Results<Ok<RunDetail>, ProblemHttpResult>> Get(RunsDb db, KnownWorkers workers, HttpResponse response, Guid id, CancellationToken cancellation)
    {
        if (await db.Runs.AsNoTracking().SingleOrDefaultAsync(run => run.Id == id, cancellation) is not { } run) { return Problems.UnknownRun(id); }
        response.Headers.ETag = RunEdits.ETagOf(run);
        var waitsFor = run.Status == RunStatus.Queued ? MemoryFit.Obstacle(run.EstimatedMemoryBytes, await workers.Now(cancellation)) : null;
        return TypedResults.Ok(run.ToDetail(await db.TimeToJudge([run], cancellation)) with { WaitsFor = waitsFor });
    }

    private static async Task<IResult> Edit(HttpRequest request, HttpResponse response, RunStore store, Guid id, CancellationToken cancellation)
    {
        using var body = new StreamReader(request.Body);
        var (edit, faults) = RunEdits.Parse(await body.ReadToEndAsync(cancellation));
        if (edit is null) { return Problems.Malformed([.. faults]); }
        if (faults.Count > 0) { return Problems.InvalidEdit(faults); }
        if (request.Headers.IfMatch is not [{ Length: > 0 } wanted]) { return Problems.NoIfMatch(); }

        var (run, found) = await store.Write(async db =>
        {
            if (await db.LockRun(id, cancellation) is not { } locked) { return (null, null); }
            var etag = RunEdits.ETagOf(locked);
            if (wanted is not "*" && wanted != etag) { return (null, etag); }
            RunEdits.Apply(edit, locked);
            db.Note("edit", id, await db.Now(cancellation), JsonSerializer.Serialize(edit with { Notes = edit.Notes is null ? null : "…" }, ContractJson.Options));
            return ((Run?)locked, (string?)RunEdits.ETagOf(locked));
        }, cancellation);
        if (found is null) { return Problems.UnknownRun(id); }
        if (run is null) { return Problems.Changed(wanted, found); }
        response.Headers.ETag = found;
        return TypedResults.Ok(run.ToDetail());
    }

    private static async Task<IResult> Repro(RunsDb db, HttpResponse response, Guid id, CancellationToken cancellation)
    {
        if (await db.Runs.AsNoTracking().SingleOrDefaultAsync(run => run.Id == id, cancellation) is not { } run) { return Problems.UnknownRun(id); }
        response.Headers.ContentDisposition = "attachment; filename=\"repro.json\"";
        return TypedResults.Ok(await db.ReproOf(run, cancellation));
    }

    private static async Task<IResult> Clone(HttpRequest request, RunQueue queue, RunsDb db, Guid id, int? priority, CancellationToken cancellation)
    {
        if (priority is { } wanted && RunEdits.PriorityFault(wanted, "priority") is { } outside) { return Problems.Malformed(outside); }
        if (await db.Runs.AsNoTracking().SingleOrDefaultAsync(run => run.Id == id, cancellation) is not { } run) { return Problems.UnknownRun(id); }
        return await new RepeatableRequest(request, "").Answer<Run>(
            keep => queue.Create(run.ReadSpec(), cancellation, priority ?? run.Priority, run.Id, keep), clone => ($"/api/v1/runs/{clone.Id}", clone.ToDetail()), clone => clone.CreatedAt);
    }

    private static async Task<IResult> Metrics(RunsDb db, Guid id, int? maxPoints, CancellationToken cancellation, long after = 0)
    {
        if (after < 0) { return NegativeCursor(after); }
        if (maxPoints is < FewestPoints or > RunHistoryReader.PageSize) { return Problems.Malformed(new SpecFault("maxPoints", $"found {maxPoints}, needed a whole number from {FewestPoints} to {RunHistoryReader.PageSize}")); }
        var history = maxPoints is { } most ? await db.ThinnedAfter(id, after, most, cancellation) : await db.HistoryAfter(id, after, cancellation);
        return history is null ? Problems.UnknownRun(id) : TypedResults.Ok(history);
    }

    private static async Task<IResult> Events(RunsDb db, Guid id, CancellationToken cancellation, long after = 0) =>
        after < 0 ? NegativeCursor(after)
        : await db.HistoryAfter(id, after, cancellation) is { } history ? TypedResults.Ok(history with { Epochs = [] })
        : Problems.UnknownRun(id);

    private static async Task<Results<Ok<RunLayers>, ProblemHttpResult>> Layers(RunsDb db, Guid id, CancellationToken cancellation) =>
        await db.LayersOf(id, cancellation) is { } layers ? TypedResults.Ok(layers) : Problems.UnknownRun(id);

    private static async Task<Results<Ok<RunMemory>, ProblemHttpResult>> Memory(RunsDb db, Guid id, CancellationToken cancellation) =>
        await db.MemoryOf(id, cancellation) is { } memory ? TypedResults.Ok(memory) : Problems.UnknownRun(id);

    private static Task<IResult> Cancel(RunQueue queue, RunsDb db, Guid id, CancellationToken cancellation) =>
        Answer(queue.Cancel(id, cancellation), db, id, cancellation);

    private static Task<IResult> Pause(RunQueue queue, RunsDb db, Guid id, CancellationToken cancellation) =>
        Answer(queue.Pause(id, cancellation), db, id, cancellation);

    private static Task<IResult> Resume(RunQueue queue, RunsDb db, Guid id, CancellationToken cancellation) =>
        Answer(queue.Resume(id, cancellation), db, id, cancellation);

    private static async Task<IResult> Answer(Task<UserAnswer> asked, RunsDb db, Guid id, CancellationToken cancellation)
    {
        var answer = await asked;
        if (answer == UserAnswer.Unknown) { return Problems.UnknownRun(id); }

        var run = await db.Runs.AsNoTracking().SingleAsync(r => r.Id == id, cancellation);
        return answer == UserAnswer.Refused ? Problems.InvalidState(run.Status) : TypedResults.Accepted($"/api/v1/runs/{id}", run.ToDetail());
    }

    private static ProblemHttpResult NegativeCursor(long after) => Problems.Malformed(new SpecFault("after", $"found {after}, needed 0 or more"));
}
