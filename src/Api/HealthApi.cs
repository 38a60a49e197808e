using System.Data.Common;
using Hangfire;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Runs;

namespace Api;

public static class HealthApi
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        var health = routes.MapGroup("/health").WithTags("Health");
        // No dependencies: a database that is away for a minute must not get the process killed.
        health.MapGet("/live", () => TypedResults.Ok(new Health("live"))).WithName("Live").WithSummary("The process answers");
        health.MapGet("/ready", Ready).WithName("Ready").WithSummary("Store and tickets can be used").Produces<Health>().ProducesProblem(503);
    }

    private static async Task<IResult> Ready(RunsDb db, JobStorage tickets, IServiceProvider services, CancellationToken cancellation)
    {
        var faults = new Dictionary<string, string>();
        try
        {
            var missing = await db.Database.GetPendingMigrationsAsync(cancellation);
            if (missing.Any()) { faults["database"] = $"migrations are missing: {string.Join(", ", missing)}"; }
        }
        catch (Exception away) when (away is DbException or InvalidOperationException or TimeoutException)
        {
            faults["database"] = "does not answer";
        }
        try { tickets.GetMonitoringApi().EnqueuedCount(ITrainTicket.Queue); }
        catch (Exception away) when (away is DbException or InvalidOperationException or TimeoutException)
        {
            faults["tickets"] = "Hangfire's storage does not answer";
        }

        // What else lives in this host (in Standalone a worker, which needs its Trainer) says for itself whether it can work.
        if (services.GetService<HealthCheckService>() is { } others)
        {
            var report = await others.CheckHealthAsync(cancellation);
            foreach (var (name, check) in report.Entries.Where(entry => entry.Value.Status == HealthStatus.Unhealthy)) { faults[name] = check.Description ?? "not ready"; }
        }
        return faults.Count == 0 ? TypedResults.Ok(new Health("ready")) : Problems.NotReady(faults);
    }

    public sealed record Health(string Status);
}
