using Contracts;
using Runs;
using Testing;

namespace Worker.Tests;

/// <summary>What a worker process finds when it starts after another one died.</summary>
public sealed class WorkerStartTests(PostgresFixture postgres) : IDisposable
{
    private readonly TemporaryFolder data = TestFolders.NewTemporary();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task A_second_worker_of_one_name_is_refused_by_name()
    {
        await using var first = await WorkerHost.Start(data.Path);
        await using var second = WorkerHost.Build(data.Path);
        var error = await Assert.ThrowsAsync<NameTakenException>(second.Start);
        Assert.Contains("A worker named \"worker-a\" is running already", error.Message, StringComparison.Ordinal);
    }

    [Theory, OnBothStores]
    public async Task A_run_of_the_dead_process_is_trained_again_at_once(StoreKind store)
    {
        var database = await postgres.NewDatabase(store);
        var run = await ClaimedByADeadProcess(database);
        await using var worker = await WorkerHost.Start(data.Path, database);
        var row = await worker.RunThatIs(RunStatus.Succeeded, run.Id, withinSeconds: 15);
        Assert.Equal((2, 1), (row.Attempt, row.LostAttempts));
    }

    [Theory, OnBothStores]
    public async Task Epochs_in_the_spool_of_the_dead_process_are_stored_once(StoreKind store)
    {
        var database = await postgres.NewDatabase(store);
        var run = await ClaimedByADeadProcess(database, stored: [Started, Epoch(1), Epoch(2)], spooled: [Started, Epoch(1), Epoch(2), Epoch(3), Epoch(4)]);
        await using var worker = await WorkerHost.Start(data.Path, database);
        await worker.RunThatIs(RunStatus.Succeeded, run.Id);
        Assert.Equal([1, 2, 3, 4], (await worker.EpochRows(run.Id)).Where(row => row.Attempt == 1).Select(row => row.Epoch));
        Assert.Equal([1, 2, 3, 4, 5], await worker.Epochs(run.Id));
        await worker.SpoolIsEmpty(run.Id);
    }

    [Fact]
    public async Task An_end_in_the_spool_of_the_dead_process_is_not_trained_again()
    {
        var run = await ClaimedByADeadProcess(null, stored: [Started], spooled: [Started, Epoch(1), new FinishedEvent { At = Now, Epochs = 1, BestEpoch = 1, TestMetric = 0.75 }]);
        await using var worker = await WorkerHost.Start(data.Path);
        var row = await worker.RunThatIs(RunStatus.Succeeded, run.Id);
        Assert.Equal((1, 0.75), (row.Attempt, row.TestMetric));
        Assert.Equal([1], await worker.Epochs(run.Id));
    }

    [Fact]
    public async Task A_spool_of_a_dead_worker_of_another_name_is_stored_too()
    {
        var run = await ClaimedByADeadProcess(null, spooled: [Started, Epoch(1), new FinishedEvent { At = Now, Epochs = 1, BestEpoch = 1 }]);
        await using var worker = await WorkerHost.Start(data.Path, name: "worker-b");
        Assert.Equal(1, (await worker.RunThatIs(RunStatus.Succeeded, run.Id)).Attempt);
    }

    [Fact]
    public async Task The_spool_of_a_living_worker_is_left_to_it()
    {
        await using var first = await WorkerHost.Start(data.Path);
        var run = await first.Post("delay=20", epochs: 100_000);
        await first.RunThatReached(3, run);
        await using var second = await WorkerHost.Start(data.Path, name: "worker-b");
        Assert.Single(LeftSpool.In(Spool.Folder(data.Path, "worker-a")));
        Assert.Equal((RunStatus.Running, 1), ((await first.Read(run)).Status, (await first.Read(run)).Attempt));
    }

    [Fact]
    public async Task A_spool_of_an_attempt_that_was_overtaken_changes_nothing()
    {
        var run = await ClaimedByADeadProcess(null, spooled: [Started, Epoch(1), Epoch(2), Epoch(3)]);
        await using (var preparing = WorkerHost.Build(data.Path, change: settings => settings with { Trainer = null }))
        {
            await preparing.Queue.RequeueOwn("worker-a", WorkerHost.Token);
        }

        await using var worker = await WorkerHost.Start(data.Path);
        await worker.RunThatIs(RunStatus.Succeeded, run.Id);
        Assert.DoesNotContain(await worker.EpochRows(run.Id), row => row.Attempt == 1);
        await worker.SpoolIsEmpty(run.Id);
    }

    [Fact]
    public void A_worker_name_that_cannot_be_a_folder_is_refused()
    {
        using var host = new Microsoft.Extensions.Configuration.ConfigurationManager();
        host["Worker:Name"] = "../evil";
        var error = Assert.Throws<InvalidOperationException>(() => WorkerSettings.From(host, data.Path));
        Assert.Contains("found \"../evil\"", error.Message, StringComparison.Ordinal);
    }

    private static DateTimeOffset Now { get; } = DateTimeOffset.UtcNow;

    private static StartedEvent Started { get; } = new() { At = Now, Dataset = "karate", Metric = "accuracy", Device = "cpu" };

    private static EpochEvent Epoch(int epoch) => new() { At = Now, Epoch = epoch, TrainLoss = 1.0 / epoch, ValidMetric = 0.5 };

    /// <summary>The traces of a worker-a that died with a run in its hands.</summary>
    private async Task<ClaimedRun> ClaimedByADeadProcess(string? database, TrainerEvent[]? stored = null, TrainerEvent[]? spooled = null)
    {
        await using var dead = WorkerHost.Build(data.Path, database);
        await dead.Get<RunStore>().Migrate(WorkerHost.Token);
        await dead.Post("", epochs: 5);
        var run = (await dead.Queue.Claim("worker-a", WorkerHost.Token))!;
        if (stored is not null) { Assert.True(await dead.Get<RunRecorder>().Record(run.Id, run.Attempt, stored, WorkerHost.Token)); }
        using var spool = new Spool(Spool.Folder(data.Path, "worker-a"), run.Id, run.Attempt);
        foreach (var happened in spooled ?? []) { spool.Append(happened); }
        return run;
    }
}
