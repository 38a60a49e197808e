using Contracts;
using Hangfire;
using Hangfire.Dashboard;
using Runs;

namespace Api;

public static class ApiSetup
{
    /// <summary>Everything the API needs: the runs, REST with its documentation, the hub and its feed.</summary>
    public static WebApplicationBuilder AddApi(this WebApplicationBuilder builder)
    {
        builder.AddRuns();
        builder.Services.ConfigureHttpJsonOptions(json => ContractJson.Configure(json.SerializerOptions));
        builder.Services.Configure<RouteHandlerOptions>(handlers => handlers.ThrowOnBadRequest = true); // so that Problems can say why
        builder.Services.AddSingleton<IProblemDetailsWriter, Problems.Writer>().AddProblemDetails();
        builder.Services.AddApiDocumentation();
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning); // seven lines a request drown the runs
        builder.Services.AddSignalR().AddJsonProtocol(json => ContractJson.Configure(json.PayloadSerializerOptions));
        builder.Services.AddHostedService<LiveFeed>();
        return builder;
    }

    public static WebApplication MapApi(this WebApplication app)
    {
        // Pages beside the API (Standalone) answer for themselves.
        app.UseWhen(Problems.AreOurs, branch => branch
            .UseExceptionHandler(new ExceptionHandlerOptions
            {
                ExceptionHandler = Problems.WriteException,
                SuppressDiagnosticsCallback = failure => failure.Exception is BadHttpRequestException,
            })
            .UseStatusCodePages(context => Problems.WriteStatus(context.HttpContext)));

        app.MapRuns();
        app.MapDatasets();
        app.MapSweeps();
        app.MapHealth();
        app.MapApiDocumentation();
        app.MapHub<RunsHub>(RunHub.Path);
        app.MapHangfireDashboard("/hangfire", new DashboardOptions { Authorization = [new LoopbackOnly()], IsReadOnlyFunc = _ => true });
        return app;
    }

    private sealed class LoopbackOnly : IDashboardAuthorizationFilter
    {
        public bool Authorize(DashboardContext context) =>
            context.GetHttpContext().Connection.RemoteIpAddress is { } address && System.Net.IPAddress.IsLoopback(address);
    }
}
