using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Contracts;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Runs;

namespace Api;

/// <summary>Many runs in one request, and the figures of a group in one table.</summary>
public static class SweepsApi
{
    public static void MapSweeps(this IEndpointRouteBuilder routes)
    {
        var sweeps = routes.MapGroup("/api/v1/sweeps").WithTags("Sweeps").ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(429).ProducesProblem(503).Needs(KeyScope.Viewer);
        sweeps.MapPost("", Create).WithName("CreateSweep").WithSummary("Queue a run for each combination of values")
            .WithDescription($"At most {Sweep.MaxRuns} runs. Every one is judged before any is queued: all of them or none. A fault names the value of the axis it lies on, or the combination. `refuseUnfit=true`: refused, where a run needs more memory than any known worker has.")
            .Accepts<SweepSpec>("application/json").WithMetadata(new RequestSizeLimitAttribute(RunsApi.MaxBodyBytes))
            .Produces<AcceptedSweep>(202).ProducesProblem(413).ProducesProblem(415).ProducesProblem(422).Needs(KeyScope.Operator);
        sweeps.MapGet("/{group}.csv", Csv).WithName("GetGroupCsv").WithSummary("The runs of a group as CSV")
            .WithDescription("A row a run, in the order they were posted: seed, the members of the spec that differ within the group, status, name of the metric, its valid and test figure at the chosen epoch, that epoch, epochs trained, seconds they took, peak memory in bytes.")
            .Produces<string>(200, "text/csv").ProducesProblem(404);
    }

    private static async Task<IResult> Create(HttpRequest request, RunQueue queue, KnownWorkers workers, CancellationToken cancellation, bool refuseUnfit = false)
    {
        using var body = new StreamReader(request.Body);
        var text = await body.ReadToEndAsync(cancellation);
        var (sweep, fault) = RunSpecJson.Parse<SweepSpec>(text, "a sweep");
        if (sweep is null) { return Problems.Malformed(fault!); }

        var (specs, faults) = Sweep.Runs(sweep, NewLabel());
        if (faults.Count > 0) { return Problems.InvalidSweep(faults); }

        if (refuseUnfit && await workers.Unfit(specs, cancellation) is { Count: > 0 } unfit) { return Problems.Unfit(unfit); }
        return await new RepeatableRequest(request, text).Answer<IReadOnlyList<Run>>(keep => queue.CreateAll(specs, cancellation, keep), Accepted, runs => runs[0].CreatedAt);
    }

    private static (string Location, object Body) Accepted(IReadOnlyList<Run> runs)
    {
        var label = Uri.EscapeDataString(runs[0].Group!);
        var location = $"/api/v1/runs?group={label}";
        return (location, new AcceptedSweep
        {
            Group = runs[0].Group!,
            Location = location,
            Csv = $"/api/v1/sweeps/{label}.csv",
            Runs = [.. runs.Select(run => run.ToSummary())],
        });
    }

    private static async Task<IResult> Csv(RunsDb db, string group, CancellationToken cancellation)
    {
        // The one escape that routing leaves in a value.
        group = group.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        if (group.Any(char.IsControl)) { return Problems.Malformed(new SpecFault("group", "found control characters, needed none")); }

        var runs = await db.Runs.AsNoTracking().Where(run => run.Group == group).OrderBy(run => run.CreatedAt).ThenBy(run => run.Id).ToListAsync(cancellation);
        if (runs.Count == 0) { return Problems.UnknownGroup(group); }

        var seconds = await db.Epochs.Where(epoch => !epoch.Voided && db.Runs.Any(run => run.Id == epoch.RunId && run.Group == group))
            .GroupBy(epoch => epoch.RunId).Select(epochs => new { Run = epochs.Key, Sum = epochs.Sum(epoch => epoch.Seconds) })
            .ToDictionaryAsync(sum => sum.Run, sum => sum.Sum, cancellation);
        var csv = SweepTable.Csv([.. runs.Select(run => new SweepRow(run.ToDetail(), seconds.GetValueOrDefault(run.Id)))]);
        return TypedResults.File(Encoding.UTF8.GetBytes(csv), "text/csv; charset=utf-8", $"{group}.csv");
    }

    private static string NewLabel() =>
        string.Create(CultureInfo.InvariantCulture, $"sweep-{DateTimeOffset.UtcNow:yyyyMMdd-HHmmss}-{RandomNumberGenerator.GetHexString(4, lowercase: true)}");
}
