using Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Runs;

namespace Worker.Tests;

/// <summary>A worker with the fake Trainer on a store of the test's choice, and the verbs that tests speak in.</summary>
internal sealed class WorkerHost : IAsyncDisposable
{
    private readonly IHost host;
    private readonly string dataFolder;

    private WorkerHost(IHost host, string dataFolder) => (this.host, this.dataFolder) = (host, dataFolder);

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public RunQueue Queue => host.Services.GetRequiredService<RunQueue>();

    /// <summary>A host that is not started yet: the store can be prepared by another one on the same folder.</summary>
    public static WorkerHost Build(string dataFolder, string? database = null, Func<WorkerSettings, WorkerSettings>? change = null, string name = "worker-a", ILoggerProvider? log = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration["urls"] = "http://127.0.0.1:0";
        builder.Configuration["Gnn:DataFolder"] = dataFolder;
        builder.Configuration["ConnectionStrings:Runs"] = database;
        builder.Configuration["Worker:Name"] = name;
        builder.Configuration["Worker:Trainer"] = FakeTrainerProgram.Path;
        builder.Logging.SetMinimumLevel(log is null ? LogLevel.Warning : LogLevel.Information);
        if (log is not null) { builder.Logging.ClearProviders().AddProvider(log); }
        builder.AddWorker();
        if (change is not null)
        {
            var settings = WorkerSettings.From(builder.Configuration, dataFolder);
            builder.Services.AddSingleton(change(settings));
        }

        return new WorkerHost(builder.Build(), dataFolder);
    }

    public static async Task<WorkerHost> Start(string dataFolder, string? database = null, Func<WorkerSettings, WorkerSettings>? change = null, string name = "worker-a")
    {
        var worker = Build(dataFolder, database, change, name);
        await worker.Start();
        return worker;
    }

    public Task Start() => host.StartAsync(Token);

    public T Get<T>() where T : notnull => host.Services.GetRequiredService<T>();

    public Task Stop() => host.StopAsync(CancellationToken.None);

    public async Task<Guid> Post(string script, int epochs = 5, int checkpointEvery = 2) =>
        (await Queue.Create(FakeTrainerProgram.Spec(script, epochs, checkpointEvery), Token)).Id;

    public async Task<Run> Read(Guid run)
    {
        await using var db = Get<RunStore>().Open();
        return await db.Runs.AsNoTracking().SingleAsync(row => row.Id == run, Token);
    }

    /// <summary>Epochs that count, in order.</summary>
    public async Task<List<int>> Epochs(Guid run)
    {
        await using var db = Get<RunStore>().Open();
        return await db.Epochs.Where(row => row.RunId == run && !row.Voided).OrderBy(row => row.Seq).Select(row => row.Epoch).ToListAsync(Token);
    }

    public async Task<List<EpochRow>> EpochRows(Guid run)
    {
        await using var db = Get<RunStore>().Open();
        return await db.Epochs.AsNoTracking().Where(row => row.RunId == run).OrderBy(row => row.Seq).ToListAsync(Token);
    }

    public async Task<List<EventRow>> Events(Guid run, string? kind = null)
    {
        await using var db = Get<RunStore>().Open();
        return await db.Events.AsNoTracking().Where(row => row.RunId == run && (kind == null || row.Kind == kind)).OrderBy(row => row.Seq).ToListAsync(Token);
    }

    public Task<Run> RunThatIs(RunStatus status, Guid run, int withinSeconds = 30) => RunThat(run, row => row.Status == status, $"to be {status}", withinSeconds);

    public Task<Run> RunThatReached(int epoch, Guid run) => RunThat(run, row => row.Epoch >= epoch, $"to reach epoch {epoch}", 30);

    public async Task<Run> RunThat(Guid run, Predicate<Run> holds, string what, int withinSeconds = 30)
    {
        await RunThatAsync(run, async () => holds(await Read(run)), what, withinSeconds);
        return await Read(run);
    }

    public async Task RunThatAsync(Guid run, Func<Task<bool>> holds, string what, int withinSeconds = 30)
    {
        var limit = DateTime.UtcNow.AddSeconds(withinSeconds);
        while (!await holds())
        {
            if (DateTime.UtcNow > limit)
            {
                var row = await Read(run);
                var told = string.Join("\n", (await Events(run)).Select(e => $"  {e.Seq} {e.Attempt} {e.Kind}: {e.Message}"));
                Assert.Fail($"waited {withinSeconds} s for the run {what}; it is {row.Status} at epoch {row.Epoch}, attempt {row.Attempt}:\n{told}");
            }

            await Task.Delay(25, Token);
        }
    }

    /// <summary>The fake Trainer says its process id where the real one says its parameters.</summary>
    public async Task<int> TrainerProcessOf(Guid run)
    {
        await RunThat(run, row => row.StartedJson is not null, "to have started");
        return (int)(await Read(run)).ToDetail().Started!.Parameters;
    }

    /// <summary>An attempt is settled a moment after its run's end can be seen.</summary>
    public Task SpoolIsEmpty(Guid run) => RunThatAsync(run, () => Task.FromResult(LeftSpool.In(Spool.Folder(dataFolder, Get<WorkerSettings>().Name)).Count == 0), "to leave no spool");

    public Task<HealthReport> Health() => Get<HealthCheckService>().CheckHealthAsync(Token);

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync(CancellationToken.None);
        host.Dispose();
    }
}
