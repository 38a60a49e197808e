using System.Diagnostics;
using Contracts;
using Microsoft.EntityFrameworkCore;
using Runs;
using Testing;

namespace Worker.Tests;

/// <summary>Runs that are made to end: by their user, by a worker that leaves, by another attempt.</summary>
public sealed class EndingTests(PostgresFixture postgres) : IDisposable
{
    private readonly TemporaryFolder data = TestFolders.NewTemporary();

    public void Dispose() => data.Dispose();

    [Theory, OnBothStores]
    public async Task A_cancelled_run_writes_a_checkpoint_and_ends_within_seconds(StoreKind store)
    {
        await using var worker = await WorkerHost.Start(data.Path, await postgres.NewDatabase(store));
        var run = await worker.Post("delay=20", epochs: 100_000, checkpointEvery: 0);
        await worker.RunThatReached(3, run);
        var trainer = await worker.TrainerProcessOf(run);

        var clock = Stopwatch.StartNew();
        Assert.Equal(UserAnswer.Accepted, await worker.Queue.Cancel(run, WorkerHost.Token));
        var row = await worker.RunThatIs(RunStatus.Cancelled, run);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 4);
        Assert.Equal(row.Epoch, row.CheckpointEpoch);
        Assert.False(IsAlive(trainer));
    }

    [Theory, OnBothStores]
    public async Task A_paused_run_writes_a_checkpoint_lets_go_of_the_worker_and_continues_when_resumed(StoreKind store)
    {
        await using var worker = await WorkerHost.Start(data.Path, await postgres.NewDatabase(store));
        var run = await worker.Post("delay=20", epochs: 400, checkpointEvery: 0);
        await worker.RunThatReached(3, run);
        await worker.Queue.Pause(run, WorkerHost.Token);
        var paused = await worker.RunThatIs(RunStatus.Paused, run);
        Assert.Equal((paused.Epoch, 0), (paused.CheckpointEpoch, paused.LostAttempts));
        var other = await worker.Post("delay=1", epochs: 3);
        await worker.RunThatIs(RunStatus.Succeeded, other);

        await worker.Queue.Resume(run, WorkerHost.Token);
        Assert.Equal(2, (await worker.RunThatIs(RunStatus.Succeeded, run)).Attempt);
        Assert.Equal(Enumerable.Range(1, 400), await worker.Epochs(run));
    }

    [Fact]
    public async Task The_newest_two_checkpoints_and_the_best_are_kept()
    {
        await using var worker = await WorkerHost.Start(data.Path);
        var run = await worker.Post("delay=5 best=4", epochs: 20);
        await worker.RunThatIs(RunStatus.Succeeded, run);
        await worker.SpoolIsEmpty(run);
        var kept = Directory.GetFiles(Path.Combine(data.Path, "artifacts", run.ToString()), "*.ckpt", SearchOption.AllDirectories).Select(Path.GetFileNameWithoutExtension).Order();
        Assert.Equal(["epoch-000004", "epoch-000018", "epoch-000020"], kept);
        Assert.Equal(4, (await worker.Read(run)).BestCheckpointEpoch);
    }

    [Fact]
    public async Task A_trainer_that_ignores_the_stop_is_killed_and_the_run_is_cancelled_all_the_same()
    {
        await using var worker = await WorkerHost.Start(data.Path, change: settings => settings with { CancelGrace = TimeSpan.FromSeconds(0.5) });
        var run = await worker.Post("ignoreStop delay=20", epochs: 100_000);
        await worker.RunThatReached(3, run);
        var trainer = await worker.TrainerProcessOf(run);
        await worker.Queue.Cancel(run, WorkerHost.Token);
        var row = await worker.RunThatIs(RunStatus.Cancelled, run);
        Assert.Null(row.FailureClass);
        Assert.Contains(await worker.Events(run, "log"), told => told.Message == "the Trainer did not stop within 0.5 s and was killed");
        Assert.False(IsAlive(trainer));
    }

    [Theory, OnBothStores]
    public async Task A_worker_that_leaves_hands_its_run_back_and_the_next_one_continues(StoreKind store)
    {
        var database = await postgres.NewDatabase(store);
        Guid run;
        await using (var worker = await WorkerHost.Start(data.Path, database))
        {
            run = await worker.Post("delay=20", epochs: 60, checkpointEvery: 0);
            await worker.RunThatReached(5, run);
            var clock = Stopwatch.StartNew();
            await worker.Stop();
            Assert.InRange(clock.Elapsed.TotalSeconds, 0, 10);
            var left = await worker.Read(run);
            Assert.Equal((RunStatus.Queued, 0), (left.Status, left.LostAttempts));
            Assert.InRange(left.CheckpointEpoch ?? 0, 5, 59);
        }

        await using var next = await WorkerHost.Start(data.Path, database, name: "worker-b");
        var row = await next.RunThatIs(RunStatus.Succeeded, run);
        Assert.Equal((2, "worker-b", 0), (row.Attempt, row.Worker, row.LostAttempts));
        Assert.Equal(Enumerable.Range(1, 60), await next.Epochs(run));
    }

    [Fact]
    public async Task A_worker_that_leaves_hands_back_even_a_run_whose_trainer_ignores_the_stop()
    {
        await using var worker = await WorkerHost.Start(data.Path, change: settings => settings with { LeaveGrace = TimeSpan.FromSeconds(0.5) });
        var run = await worker.Post("ignoreStop delay=20", epochs: 100_000);
        await worker.RunThatReached(3, run);
        var trainer = await worker.TrainerProcessOf(run);
        await worker.Stop();
        var left = await worker.Read(run);
        Assert.Equal((RunStatus.Queued, 0), (left.Status, left.LostAttempts));
        Assert.False(IsAlive(trainer));
        await worker.SpoolIsEmpty(run);
    }

    [Theory, OnBothStores]
    public async Task An_attempt_whose_run_was_taken_over_is_killed_and_stores_nothing_more(StoreKind store)
    {
        await using var worker = await WorkerHost.Start(data.Path, await postgres.NewDatabase(store));
        var run = await worker.Post("ignoreStop delay=20", epochs: 100_000);
        await worker.RunThatReached(3, run);
        var trainer = await worker.TrainerProcessOf(run);

        await TakeOver(worker, run);
        await Eventually(() => !IsAlive(trainer), "the Trainer of the old attempt to be gone");
        await worker.SpoolIsEmpty(run);
        var row = await worker.Read(run);
        Assert.Equal((RunStatus.Running, 2, "worker-b"), (row.Status, row.Attempt, row.Worker));
        Assert.DoesNotContain(await worker.Events(run), told => told.Kind is "failed" or "stopped" or "finished");
    }

    /// <summary>As another worker would, had the lease run out.</summary>
    private static async Task TakeOver(WorkerHost worker, Guid run)
    {
        await using var db = worker.Get<RunStore>().Open();
        await db.Runs.Where(row => row.Id == run).ExecuteUpdateAsync(row => row
            .SetProperty(r => r.Attempt, 2)
            .SetProperty(r => r.Worker, "worker-b"), WorkerHost.Token);
    }

    private static bool IsAlive(int process)
    {
        try { return !Process.GetProcessById(process).HasExited; }
        catch (ArgumentException) { return false; }
    }

    private static async Task Eventually(Func<bool> holds, string what)
    {
        var limit = DateTime.UtcNow.AddSeconds(20);
        while (!holds())
        {
            Assert.True(DateTime.UtcNow < limit, $"waited 20 s for {what}");
            await Task.Delay(25, WorkerHost.Token);
        }
    }
}
