using Contracts;
using Hangfire;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Runs;

namespace Api;

public static class ApiSetup
{
    /// <summary>Everything the API needs: the runs, REST with its documentation, the hub and its feed.</summary>
    public static WebApplicationBuilder AddApi(this WebApplicationBuilder builder)
    {
        builder.AddRuns();
        builder.AddAccess();
        builder.Services.ConfigureHttpJsonOptions(json => ContractJson.Configure(json.SerializerOptions));
        builder.Services.Configure<RouteHandlerOptions>(handlers => handlers.ThrowOnBadRequest = true); // so that Problems can say why
        builder.Services.AddSingleton<IProblemDetailsWriter, Problems.Writer>().AddProblemDetails();
        builder.Services.AddApiDocumentation();
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning); // seven lines a request drown the runs
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning); // it would write down the hub's key
        builder.Services.AddSignalR().AddJsonProtocol(json => ContractJson.Configure(json.PayloadSerializerOptions));
        builder.Services.AddHostedService<LiveFeed>();

        // The last worker may be the one that was lost: somebody else has to notice.
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, RunSweeper>());
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

        app.UseAccess();
        app.MapRuns();
        app.MapExport();
        app.MapDatasets();
        app.MapSweeps();
        app.MapEstimates();
        app.MapWorkers();
        app.MapKeys();
        app.MapHealth();
        app.MapApiDocumentation();
        app.MapHub<RunsHub>(RunHub.Path).Needs(KeyScope.Viewer);
        app.MapHangfireDashboard(AccessSetup.HangfirePath, new DashboardOptions { Authorization = [], IsReadOnlyFunc = _ => true }).Needs(KeyScope.Operator);
        return app;
    }
}
