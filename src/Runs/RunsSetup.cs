using Hangfire;
using Hangfire.AspNetCore;
using Hangfire.Logging;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Runs;

public static class RunsSetup
{
    /// <summary>Storage, queue and signals; call it before anything that uses them. Calling it twice (Standalone) is calling it once.</summary>
    public static IHostApplicationBuilder AddRuns(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        if (services.Any(service => service.ServiceType == typeof(RunStore))) { return builder; }

        builder.AddTelemetry();
        services.AddSingleton(RunsSettings.From(builder.Configuration));
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<RunSignal>();
        services.AddSingleton<RunStore>();
        services.AddSingleton<RunQueue>();
        services.AddSingleton<KnownWorkers>();
        services.AddSingleton<RunRecorder>();
        services.AddSingleton<TrainBell>();
        services.AddScoped(provider => provider.GetRequiredService<RunStore>().Open());
        services.AddHostedService<PrepareStore>();

        // Registered before AddHangfire, whose own fallbacks are static: one host must not use the storage of another.
        services.AddSingleton(provider => TicketStorage.Open(provider.GetRequiredService<RunsSettings>()));
        services.AddSingleton<JobActivator>(provider => new AspNetCoreJobActivator(provider.GetRequiredService<IServiceScopeFactory>()));
        services.AddHangfire((provider, hangfire) => hangfire
            .SetDataCompatibilityLevel(CompatibilityLevel.Version_180)
            .UseSimpleAssemblyNameTypeSerializer()
            .UseRecommendedSerializerSettings()
            .UseLogProvider(new OutlivingLog(provider.GetRequiredService<ILoggerFactory>()))
            .UseStorage(provider.GetRequiredService<JobStorage>()));
        return builder;
    }

    /// <summary>Hosted services start in order of registration, so the tables are there before anyone works with them.</summary>
    private sealed class PrepareStore(RunStore store, RunsSettings settings, ILogger<PrepareStore> log) : IHostedService
    {
        public async Task StartAsync(CancellationToken cancellationToken)
        {
            await store.Migrate(cancellationToken);
            log.LogInformation("Runs are kept in {Store}", settings.UsesPostgres ? "Postgres" : settings.SqliteFile);
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <summary>Hangfire's log is static: where several hosts share a process, one must not lose its log to another that has ended.</summary>
    private sealed class OutlivingLog(ILoggerFactory factory) : ILogProvider
    {
        private readonly AspNetCoreLogProvider inner = new(factory);

        public ILog GetLogger(string name)
        {
            try { return inner.GetLogger(name); }
            catch (ObjectDisposedException) { return new AspNetCoreLogProvider(NullLoggerFactory.Instance).GetLogger(name); }
        }
    }
}
