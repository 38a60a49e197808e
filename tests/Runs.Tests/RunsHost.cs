using Contracts;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Testing;

namespace Runs.Tests;

/// <summary>A host with nothing but runs on a fresh store, and the verbs that tests speak in.</summary>
public sealed class RunsHost : IAsyncDisposable
{
    private readonly TemporaryFolder folder = TestFolders.NewTemporary();
    private readonly IHost host;

    private RunsHost(string? postgres)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration["Gnn:DataFolder"] = folder.Path;
        builder.Configuration["ConnectionStrings:Runs"] = postgres;
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.AddRuns().AddRuns();
        host = builder.Build();
    }

    public static async Task<RunsHost> Start(StoreKind store, PostgresFixture postgres) => await StartOn(await postgres.NewDatabase(store));

    public static async Task<RunsHost> StartOn(string? database)
    {
        var host = new RunsHost(database);
        await host.host.StartAsync(Token);
        return host;
    }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public RunQueue Queue => Get<RunQueue>();
    public RunRecorder Recorder => Get<RunRecorder>();
    public RunStore Store => Get<RunStore>();

    public T Get<T>() where T : notnull => host.Services.GetRequiredService<T>();

    public async Task<Guid> QueuedRun(int seed = 0) => (await Queue.Create(Spec(seed), Token)).Id;

    /// <summary>A run that a worker holds.</summary>
    public async Task<ClaimedRun> ClaimedRun(string worker = "worker-a")
    {
        await QueuedRun();
        return (await Queue.Claim(worker, Token))!;
    }

    public Task<bool> Record(ClaimedRun run, params TrainerEvent[] events) => Recorder.Record(run.Id, run.Attempt, events, Token);

    public async Task<Run> Read(Guid run)
    {
        await using var db = Store.Open();
        return await db.Runs.AsNoTracking().SingleAsync(r => r.Id == run, Token);
    }

    public async Task<RunHistory> History(Guid run, long after = 0)
    {
        await using var db = Store.Open();
        return (await db.HistoryAfter(run, after, Token))!;
    }

    /// <summary>As if the worker had been silent for longer than its lease.</summary>
    public Task LetLeaseRunOut(Guid run) => LastSignOfLife(run, RunQueue.Lease + TimeSpan.FromSeconds(1));

    /// <summary>As if the worker had renewed its lease so long ago.</summary>
    public async Task LastSignOfLife(Guid run, TimeSpan ago)
    {
        await using var db = Store.Open();
        var past = await db.Now(Token) - ago + RunQueue.Lease;
        Assert.Equal(1, await db.Runs.Where(r => r.Id == run).ExecuteUpdateAsync(row => row.SetProperty(r => r.LeaseUntil, past), Token));
    }

    public static RunSpec Spec(int seed = 0, Selection selection = Selection.ValidMetric) => new()
    {
        Name = $"run {seed}",
        Seed = seed,
        Data = new DataSpec { Dataset = "karate" },
        Model = new ModelSpec(),
        Training = new TrainingSpec { Epochs = 100, Selection = selection },
    };

    public static StartedEvent Started(int resumedFrom = 0) => new()
    {
        At = DateTimeOffset.UtcNow, Dataset = "karate", Nodes = 34, Edges = 156, Metric = "accuracy", Device = "cpu", ResumedFromEpoch = resumedFrom,
    };

    public static EpochEvent Epoch(int epoch, double valid = 0.5, double test = 0.4, double validLoss = 1, bool best = false) => new()
    {
        At = DateTimeOffset.UtcNow, Epoch = epoch, TrainLoss = 1.0 / epoch, ValidLoss = validLoss, TestLoss = 1, TrainMetric = 0.9,
        ValidMetric = valid, TestMetric = test, LearningRate = 0.01, Seconds = 0.1, NodesPerSecond = 340, PeakMemoryBytes = 1000 + epoch, IsBest = best,
    };

    public static CheckpointEvent Checkpoint(int epoch) => new()
    {
        At = DateTimeOffset.UtcNow, Epoch = epoch, Path = $"/elsewhere/epoch-{epoch:000000}.ckpt", Sha256 = new string('a', 64), Bytes = 10,
    };

    public static FinishedEvent Finished(int epochs = 3, int best = 2) => new()
    {
        At = DateTimeOffset.UtcNow, Epochs = epochs, BestEpoch = best, BestValidMetric = 0.7, BestValidLoss = 0.6, TestMetric = 0.65, PeakMemoryBytes = 5000,
    };

    public static FailedEvent Failed(FailureClass failure, string message = "it broke") => new() { At = DateTimeOffset.UtcNow, Class = failure, Message = message };

    public static StoppedEvent Stopped(int epoch) => new() { At = DateTimeOffset.UtcNow, Epoch = epoch };

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync(CancellationToken.None);
        host.Dispose();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        folder.Dispose();
    }
}
