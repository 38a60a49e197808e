using Hangfire;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Runs;

namespace Worker;

public static class WorkerSetup
{
    /// <summary>A Hangfire server whose tickets train runs. Services start in this order: tables, own past, sweeper, tickets.</summary>
    public static IHostApplicationBuilder AddWorker(this IHostApplicationBuilder builder)
    {
        builder.AddRuns();
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider => WorkerSettings.From(builder.Configuration, provider.GetRequiredService<RunsSettings>().DataFolder));
        services.AddSingleton<TrainerProgram>();
        services.AddHealthChecks().AddCheck<TrainerProgram>("trainer", tags: ["ready"]);
        services.AddTransient<ITrainTicket, TrainTicket>();
        services.AddHostedService<WorkerStart>();
        services.AddHostedService<WorkerPresence>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, RunSweeper>()); // Standalone has the API's already
        services.AddSingleton<RunWatch>();
        services.AddHostedService(provider => provider.GetRequiredService<RunWatch>());
        services.AddHangfireServer((provider, server) =>
        {
            var settings = provider.GetRequiredService<WorkerSettings>();
            server.ServerName = settings.Name;
            server.WorkerCount = settings.Slots;
            server.Queues = [ITrainTicket.Queue];
            server.IsLightweightServer = false;                           // a lightweight one sends no heartbeats: tickets are delivered twice
            server.CancellationCheckInterval = TimeSpan.FromSeconds(1);
            server.ServerTimeout = TimeSpan.FromMinutes(30);              // the longest outage of the database that training survives
            server.ShutdownTimeout = TimeSpan.FromSeconds(60);            // less than the tickets' invisibility timeout
        });
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(75)); // more than Hangfire's
        return builder;
    }
}
