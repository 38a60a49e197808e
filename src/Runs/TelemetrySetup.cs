using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Runs;

/// <summary>Where traces, measurements and logs of a process go.</summary>
public static class TelemetrySetup
{
    /// <summary>
    /// Traces and measurements over OTLP where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> says to whom (the other OTEL_ variables hold as well), else
    /// nowhere. Logs as JSON lines where <c>Gnn:Logs</c> is "json", else as the host has them.
    /// </summary>
    /// <exception cref="InvalidOperationException"><c>Gnn:Logs</c> says something else.</exception>
    internal static void AddTelemetry(this IHostApplicationBuilder builder)
    {
        switch (builder.Configuration["Gnn:Logs"])
        {
            case null or "" or "text": break;
            case "json":
                builder.Logging.ClearProviders();
                builder.Logging.AddJsonConsole(json => (json.IncludeScopes, json.UseUtcTimestamp, json.TimestampFormat) = (true, true, "yyyy-MM-ddTHH:mm:ss.fffZ"));
                break;
            case var other: throw new InvalidOperationException($"Setting Gnn:Logs: found \"{other}\", needed \"text\" or \"json\"");
        }

        if (string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"])) { return; }
        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService($"gnn-{builder.Environment.ApplicationName.ToLowerInvariant()}"))
            .WithTracing(traces => traces.AddRunSources().AddOtlpExporter())
            .WithMetrics(metrics => metrics.AddMeter(RunTelemetry.Name).AddAspNetCoreInstrumentation().AddOtlpExporter());
    }

    /// <summary>Requests and runs. Of an address the query is left out by the instrumentation: the hub's may hold a key.</summary>
    public static TracerProviderBuilder AddRunSources(this TracerProviderBuilder traces) => traces
        .AddSource(RunTelemetry.Name)
        .AddAspNetCoreInstrumentation(requests => requests.Filter = http => !http.Request.Path.StartsWithSegments("/health"));
}
