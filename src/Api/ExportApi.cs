using System.Runtime.CompilerServices;
using System.Text;
using Contracts;
using Microsoft.EntityFrameworkCore;
using Runs;

namespace Api;

/// <summary>Tables in full, written as they are read: an answer of any length takes the memory of one part.</summary>
public static class ExportApi
{
    private const int Part = 500;

    private static readonly (string Name, Func<RunSummary, object?> Cell)[] RunColumns =
    [
        ("id", run => run.Id), ("name", run => run.Name), ("group", run => run.Group), ("status", run => run.Status), ("dataset", run => run.Dataset),
        ("convolution", run => run.Convolution), ("backbone", run => run.Backbone), ("layers", run => run.Layers), ("hiddenChannels", run => run.HiddenChannels),
        ("seed", run => run.Seed), ("priority", run => run.Priority), ("tags", run => run.Tags), ("epoch", run => run.Epoch), ("epochs", run => run.Epochs),
        ("metric", run => run.Metric), ("bestEpoch", run => run.BestEpoch), ("bestValidMetric", run => run.BestValidMetric), ("testMetric", run => run.TestMetric),
        ("peakMemoryBytes", run => run.PeakMemoryBytes), ("attempt", run => run.Attempt), ("worker", run => run.Worker), ("createdAt", run => run.CreatedAt),
        ("startedAt", run => run.StartedAt), ("finishedAt", run => run.FinishedAt), ("failureClass", run => run.FailureClass), ("failureMessage", run => run.FailureMessage),
    ];

    public static void MapExport(this IEndpointRouteBuilder routes)
    {
        var exports = routes.MapGroup("/api/v1").WithTags("Export").ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(429).ProducesProblem(503).Needs(KeyScope.Viewer);
        exports.MapGet("/runs.csv", RunsCsv).WithName("ExportRunsCsv").WithSummary("All runs as CSV, newest first")
            .WithDescription("`status` and `group` as in the list of runs.").Produces<string>(200, "text/csv");
        exports.MapGet("/runs.json", RunsJson).WithName("ExportRunsJson").WithSummary("All runs as one JSON array, newest first")
            .WithDescription("`status` and `group` as in the list of runs.").Produces<List<RunSummary>>();
        exports.MapGet("/runs/{id}/epochs.csv", EpochsCsv).WithName("ExportEpochsCsv").WithSummary("Every epoch of a run that counts, as CSV")
            .Produces<string>(200, "text/csv").ProducesProblem(404);
        exports.MapGet("/runs/{id}/epochs.json", EpochsJson).WithName("ExportEpochsJson").WithSummary("Every epoch of a run that counts, as one JSON array")
            .Produces<List<EpochPoint>>().ProducesProblem(404);
    }

    private static IResult RunsCsv(RunsDb db, string? status, string? group, CancellationToken cancellation)
    {
        var (runs, fault) = RunFilter.Apply(db, status, group);
        if (fault is not null) { return Problems.Malformed(fault); }
        return CsvFile("runs.csv", RunColumns.Select(column => column.Name),
            InParts(runs, cancellation), run => RunColumns.Select(column => CsvText.Cell(column.Cell(run))), cancellation);
    }

    private static IResult RunsJson(RunsDb db, HttpResponse response, string? status, string? group, CancellationToken cancellation)
    {
        var (runs, fault) = RunFilter.Apply(db, status, group);
        if (fault is not null) { return Problems.Malformed(fault); }
        response.Headers.ContentDisposition = "attachment; filename=\"runs.json\"";
        return TypedResults.Ok(InParts(runs, cancellation));
    }

    private static async Task<IResult> EpochsCsv(RunsDb db, Guid id, CancellationToken cancellation)
    {
        if (await db.Runs.AsNoTracking().SingleOrDefaultAsync(run => run.Id == id, cancellation) is not { } run) { return Problems.UnknownRun(id); }

        var further = run.Summaries.Keys.Except(EpochMetrics.Names).Order(StringComparer.Ordinal).ToList();
        return CsvFile($"{id}.csv", ["epoch", "attempt", "at", "isBest", .. EpochMetrics.Names, .. further], db.EpochsOf(run, cancellation), row =>
        {
            var figures = row.ToPoint().Figures;
            return
            [
                CsvText.Cell(row.Epoch), CsvText.Cell(row.Attempt), CsvText.Cell(row.At), CsvText.Cell(row.IsBest), .. EpochMetrics.Of(figures).Select(value => CsvText.Cell(value)),
                .. further.Select(name => figures.Metrics?.TryGetValue(name, out var value) == true ? CsvText.Cell(value) : ""),
            ];
        }, cancellation);
    }

    private static async Task<IResult> EpochsJson(RunsDb db, HttpResponse response, Guid id, CancellationToken cancellation)
    {
        if (await db.Runs.AsNoTracking().SingleOrDefaultAsync(run => run.Id == id, cancellation) is not { } run) { return Problems.UnknownRun(id); }
        response.Headers.ContentDisposition = $"attachment; filename=\"{id}.json\"";
        return TypedResults.Ok(Points(db.EpochsOf(run, cancellation)));
    }

    private static async IAsyncEnumerable<EpochPoint> Points(IAsyncEnumerable<EpochRow> rows)
    {
        await foreach (var row in rows) { yield return row.ToPoint(); }
    }

    private static async IAsyncEnumerable<RunSummary> InParts(IQueryable<Run> runs, [EnumeratorCancellation] CancellationToken cancellation)
    {
        for (RunCursor? last = null; ;)
        {
            var part = await runs.After(last).Take(Part).ToListAsync(cancellation);
            foreach (var run in part) { yield return run.ToSummary(); }
            if (part.Count < Part) { yield break; }
            last = RunCursor.Of(part[^1]);
        }
    }

    private static IResult CsvFile<T>(string name, IEnumerable<string> head, IAsyncEnumerable<T> rows, Func<T, IEnumerable<string>> cells, CancellationToken cancellation) =>
        Results.Stream(async body =>
        {
            await using var csv = new StreamWriter(body, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true);
            await csv.WriteAsync(CsvText.Line(head));
            var count = 0;
            await foreach (var row in rows)
            {
                await csv.WriteAsync(CsvText.Line(cells(row)));
                if (++count % Part == 0) { await csv.FlushAsync(cancellation); }
            }
        }, "text/csv; charset=utf-8", name);
}
