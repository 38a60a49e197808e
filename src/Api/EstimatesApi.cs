using Contracts;
using Microsoft.AspNetCore.Mvc;
using Runs;

namespace Api;

/// <summary>What a run would need, told before it is queued, beside what the known workers have.</summary>
public static class EstimatesApi
{
    public static void MapEstimates(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/v1/estimates", Create).WithTags("Estimates").WithName("CreateEstimate").WithSummary("Peak memory of a run, by kind, without queueing it")
            .WithDescription("For training on the CPU, from the spec and the counts of the catalogue. `totalBytes` is null where something large is not known, and `unknown` says what. `alternatives` need less, `workers` are those that are alive. `budgetMiB`: 422 with both numbers where neither the run nor any alternative keeps within it.")
            .Accepts<RunSpec>("application/json").WithMetadata(new RequestSizeLimitAttribute(RunsApi.MaxBodyBytes))
            .Produces<MemoryEstimate>().ProducesProblem(400).ProducesProblem(401).ProducesProblem(429).ProducesProblem(413).ProducesProblem(415).ProducesProblem(422).ProducesProblem(503).Needs(KeyScope.Viewer);

    private static async Task<IResult> Create(HttpRequest request, KnownWorkers known, CancellationToken cancellation, long? budgetMiB = null)
    {
        if (budgetMiB is < 1 or > 1L << 30) { return Problems.Malformed(new SpecFault("budgetMiB", $"found {budgetMiB}, needed a whole number from 1 to {1L << 30}")); }
        using var body = new StreamReader(request.Body);
        var (spec, fault) = RunSpecJson.Parse(await body.ReadToEndAsync(cancellation));
        if (spec is null) { return Problems.Malformed(fault!); }

        var faults = RunSpecValidation.FaultsOfPosted(spec);
        if (faults.Count > 0) { return Problems.InvalidSpec(faults); }

        var estimate = MemoryEstimate.Of(spec)!;
        var workers = await known.Now(cancellation);
        var most = budgetMiB << 20 ?? workers.Select(worker => (long?)worker.RunMemoryBytes).Max();
        var advice = MemoryAdvice.Text(estimate, most);
        return budgetMiB is not null && estimate.TotalBytes > most && !estimate.Alternatives.Any(other => other.TotalBytes <= most)
            ? Problems.Unfit([new SpecFault("budgetMiB", $"found {budgetMiB} MiB for a run that {advice}")])
            : TypedResults.Ok(estimate with { Advice = advice, Workers = workers });
    }
}
