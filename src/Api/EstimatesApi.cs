using Contracts;
using Microsoft.AspNetCore.Mvc;

namespace Api;

/// <summary>What a run would need, told before it is queued.</summary>
public static class EstimatesApi
{
    public static void MapEstimates(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/v1/estimates", Create).WithTags("Estimates").WithName("CreateEstimate").WithSummary("Peak memory of a run, by kind, without queueing it")
            .WithDescription("For training on the CPU, from the spec and the counts of the catalogue. `totalBytes` is null where something large is not known, and `unknown` says what.")
            .Accepts<RunSpec>("application/json").WithMetadata(new RequestSizeLimitAttribute(RunsApi.MaxBodyBytes))
            .Produces<MemoryEstimate>().ProducesProblem(400).ProducesProblem(401).ProducesProblem(429).ProducesProblem(413).ProducesProblem(415).ProducesProblem(422).Needs(KeyScope.Viewer);

    private static async Task<IResult> Create(HttpRequest request, CancellationToken cancellation)
    {
        using var body = new StreamReader(request.Body);
        var (spec, fault) = RunSpecJson.Parse(await body.ReadToEndAsync(cancellation));
        if (spec is null) { return Problems.Malformed(fault!); }

        var faults = RunSpecValidation.FaultsOfPosted(spec);
        return faults.Count > 0
            ? Problems.InvalidSpec(faults)
            : TypedResults.Ok(MemoryEstimate.Of(spec, DatasetCatalog.Find(spec.Data.Dataset)!.Describe([])));
    }
}
