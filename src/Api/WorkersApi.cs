using Contracts;
using Runs;

namespace Api;

/// <summary>The workers that are alive, and how large a run each of them takes.</summary>
public static class WorkersApi
{
    public static void MapWorkers(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/v1/workers", async (KnownWorkers workers, CancellationToken cancellation) => TypedResults.Ok(await workers.Now(cancellation)))
            .WithTags("Workers").WithName("ListWorkers").WithSummary("Workers that gave a sign of life within the last half minute")
            .ProducesProblem(401).ProducesProblem(429).ProducesProblem(503).Needs(KeyScope.Viewer);
}
