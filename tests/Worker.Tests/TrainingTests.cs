using Contracts;
using Testing;

namespace Worker.Tests;

/// <summary>Every way in which an attempt can end leaves the run in the right status.</summary>
public sealed class TrainingTests(PostgresFixture postgres) : IDisposable
{
    private readonly TemporaryFolder data = TestFolders.NewTemporary();

    public void Dispose() => data.Dispose();

    [Theory, OnBothStores]
    public async Task A_queued_run_is_trained_to_its_end(StoreKind store)
    {
        await using var worker = await WorkerHost.Start(data.Path, await postgres.NewDatabase(store));
        var run = await worker.Post("", epochs: 7);
        var row = await worker.RunThatIs(RunStatus.Succeeded, run);
        Assert.Equal(1, row.Attempt);
        Assert.Equal("worker-a", row.Worker);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], await worker.Epochs(run));
        Assert.Equal(6, row.CheckpointEpoch);
        await worker.SpoolIsEmpty(run);
    }

    [Theory]
    [InlineData("fail=2:User", FailureClass.User)]
    [InlineData("fail=2:Data", FailureClass.Data)]
    [InlineData("fail=2:Diverged", FailureClass.Diverged)]
    [InlineData("fail=2:OutOfMemory", FailureClass.OutOfMemory)]
    [InlineData("exit=2:4", FailureClass.OutOfMemory)]
    public async Task A_failure_that_another_attempt_would_repeat_ends_the_run(string script, FailureClass failure)
    {
        await using var worker = await WorkerHost.Start(data.Path);
        var run = await worker.Post(script);
        var row = await worker.RunThatIs(RunStatus.Failed, run);
        Assert.Equal((1, failure), (row.Attempt, row.FailureClass));
        Assert.NotEmpty(row.FailureMessage!);
    }

    [Theory, OnBothStores]
    public async Task A_killed_trainer_is_replaced_and_continues_from_its_checkpoint(StoreKind store)
    {
        await using var worker = await WorkerHost.Start(data.Path, await postgres.NewDatabase(store));
        var run = await worker.Post("once signal=5:9", epochs: 8, checkpointEvery: 2);
        var row = await worker.RunThatIs(RunStatus.Succeeded, run);
        Assert.Equal(2, row.Attempt);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], await worker.Epochs(run));
        Assert.Equal("attempt 2 continues after epoch 4 on cpu", (await worker.Events(run, "started"))[1].Message);
        Assert.Contains("killed by signal 9", Assert.Single(await worker.Events(run, "failed")).Message, StringComparison.Ordinal);
        await worker.SpoolIsEmpty(run);
        Assert.Equal("attempt-2", Path.GetFileName(Assert.Single(Directory.GetDirectories(Path.Combine(data.Path, "artifacts", run.ToString())))));
    }

    [Fact]
    public async Task A_trainer_that_dies_each_time_fails_the_run_with_the_reason()
    {
        await using var worker = await WorkerHost.Start(data.Path);
        var run = await worker.Post("signal=3:11", checkpointEvery: 0);
        var row = await worker.RunThatIs(RunStatus.Failed, run);
        Assert.Equal((3, FailureClass.Infrastructure), (row.Attempt, row.FailureClass));
        Assert.Contains("signal 11", row.FailureMessage, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4, "continues from the first epoch", 0)]
    [InlineData(2, "continues from epoch-000002.ckpt", 2)]
    public async Task A_damaged_checkpoint_costs_epochs_not_the_run(int checkpointEvery, string told, int resumedFrom)
    {
        await using var worker = await WorkerHost.Start(data.Path);
        var run = await worker.Post("delay=20 hang=5", epochs: 6, checkpointEvery);
        await worker.RunThat(run, row => row.Epoch == 5 && row.CheckpointEpoch == 4, "to hang after a checkpoint");
        var checkpoint = Directory.GetFiles(data.Path, "epoch-000004.ckpt", SearchOption.AllDirectories).Single();
        await File.WriteAllTextAsync(checkpoint, "rust", WorkerHost.Token);
        System.Diagnostics.Process.GetProcessById(await worker.TrainerProcessOf(run)).Kill();

        // The second attempt hangs in the same place.
        await worker.RunThatAsync(run, async () => (await worker.EpochRows(run)).Any(row => row is { Attempt: 2, Epoch: 5 }), "to start again");
        Assert.Equal([1, 2, 3, 4, 5], await worker.Epochs(run));
        Assert.Equal(resumedFrom + 1, (await worker.EpochRows(run)).Where(row => row.Attempt == 2).Min(row => row.Epoch));
        Assert.Contains(await worker.Events(run, "log"), log => log.Message.StartsWith("checkpoint epoch-000004.ckpt is damaged", StringComparison.Ordinal) && log.Message.EndsWith(told, StringComparison.Ordinal));
        await worker.Queue.Cancel(run, WorkerHost.Token);
        await worker.RunThatIs(RunStatus.Cancelled, run);
    }

    [Theory, OnBothStores]
    public async Task Every_checkpoint_that_was_kept_is_tried_newest_first_whichever_attempt_wrote_it(StoreKind store)
    {
        await using var worker = await WorkerHost.Start(data.Path, await postgres.NewDatabase(store));
        var run = await worker.Post("delay=5 best=2 hang=9", epochs: 10, checkpointEvery: 2);

        // Kept: 6 and 8, and 2 as the best.
        await KillHanging(worker, run, attempt: 1, damage: [6, 8]);
        await KillHanging(worker, run, attempt: 2, damage: [8]);
        await KillHanging(worker, run, attempt: 3, damage: []);
        Assert.Equal([1, 3, 7], (await worker.EpochRows(run)).GroupBy(row => row.Attempt).Select(attempt => attempt.Min(row => row.Epoch)));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8, 9], await worker.Epochs(run));
        var told = (await worker.Events(run, "log")).Select(log => log.Message).Where(message => message.Contains("is damaged", StringComparison.Ordinal)).ToList();
        Assert.Matches("^checkpoint epoch-000008.ckpt is damaged: .*; checkpoint epoch-000006.ckpt is damaged: .*; training continues from epoch-000002.ckpt$", told[0]);
        Assert.Matches("^checkpoint epoch-000008.ckpt is damaged: [^;]*; training continues from epoch-000006.ckpt$", told[1]);
    }

    /// <summary>Its third death ends the run.</summary>
    private async Task KillHanging(WorkerHost worker, Guid run, int attempt, int[] damage)
    {
        await worker.RunThatAsync(run, async () => (await worker.EpochRows(run)).Exists(row => row.Attempt == attempt && row.Epoch == 9)
            && (await worker.Events(run, "checkpoint")).Exists(e => e.Attempt == attempt && e.Message.Contains("epoch 8,", StringComparison.Ordinal)), $"to hang in attempt {attempt}");
        foreach (var epoch in damage)
        {
            await File.WriteAllTextAsync(Path.Combine(data.Path, "artifacts", run.ToString(), $"attempt-{attempt}", $"epoch-{epoch:D6}.ckpt"), "rust", WorkerHost.Token);
        }
        System.Diagnostics.Process.GetProcessById(await worker.TrainerProcessOf(run)).Kill();
    }

    [Fact]
    public async Task A_worker_without_a_trainer_is_not_ready_and_claims_nothing()
    {
        await using var worker = await WorkerHost.Start(data.Path, change: settings => settings with { Trainer = data.File("nowhere") });
        var report = await worker.Health();
        Assert.Equal(Microsoft.Extensions.Diagnostics.HealthChecks.HealthStatus.Unhealthy, report.Status);
        Assert.Contains("nowhere", report.Entries["trainer"].Description, StringComparison.Ordinal);

        var run = await worker.Post("");
        await worker.Get<Runs.ITrainTicket>().Work(WorkerHost.Token);
        Assert.Equal((RunStatus.Queued, 0), ((await worker.Read(run)).Status, (await worker.Read(run)).Attempt));
    }

    [Fact]
    public async Task A_program_that_cannot_be_executed_fails_the_run_with_its_name()
    {
        await using var worker = await WorkerHost.Start(data.Path, change: settings => settings with { Trainer = data.File("text") });
        await File.WriteAllTextAsync(data.File("text"), "not a program", WorkerHost.Token);
        var run = await worker.Post("");
        var row = await worker.RunThatIs(RunStatus.Failed, run);
        Assert.Equal((3, FailureClass.Infrastructure), (row.Attempt, row.FailureClass));
        Assert.Contains("could not be started", row.FailureMessage, StringComparison.Ordinal);
    }

    [Theory, OnBothStores]
    public async Task Tickets_delivered_too_often_train_a_run_once(StoreKind store)
    {
        await using var worker = await WorkerHost.Start(data.Path, await postgres.NewDatabase(store), settings => settings with { Slots = 3 });
        var run = await worker.Post("delay=30", epochs: 10);
        for (var i = 0; i < 5; i++) { worker.Get<Runs.TrainBell>().Ring(); }
        var row = await worker.RunThatIs(RunStatus.Succeeded, run);
        Assert.Equal(1, row.Attempt);
        Assert.Single(await worker.Events(run, "started"));
    }

    [Fact]
    public async Task The_trainer_gets_the_data_folders_and_no_secrets()
    {
        Environment.SetEnvironmentVariable("ConnectionStrings__Runs", "Host=nowhere.invalid;Password=hunter2");
        try
        {
            await using var worker = await WorkerHost.Start(data.Path, change: settings => settings with { DataFolders = "/data/a:/data/b" });
            var run = await worker.Post("environment", epochs: 1);
            await worker.RunThatIs(RunStatus.Succeeded, run);
            var environment = (await worker.Events(run, "log")).Select(told => told.Message).ToList();
            Assert.Contains("GNN_DATA=/data/a:/data/b", environment);
            Assert.DoesNotContain(environment, line => line.Contains("hunter2", StringComparison.Ordinal));
        }
        finally
        {
            Environment.SetEnvironmentVariable("ConnectionStrings__Runs", null);
        }
    }
}
