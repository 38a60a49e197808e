using Contracts;
using Testing;
using static Runs.Tests.RunsHost;

namespace Runs.Tests;

public sealed class RunRecorderTests(PostgresFixture postgres)
{
    [Theory, OnBothStores]
    public async Task Events_are_stored_once_in_order_with_the_best_epoch_on_the_run(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var claimed = await host.ClaimedRun();
        Assert.True(await host.Record(claimed, Started(), Epoch(1, valid: 0.5, test: 0.41, best: true), Epoch(2, valid: 0.7, test: 0.42, best: true)));
        Assert.True(await host.Record(claimed, Checkpoint(2), Epoch(3, valid: 0.7, test: 0.99)));

        var run = await host.Read(claimed.Id);
        Assert.Equal((3, 2, 0.7, 0.42, 1003L), (run.Epoch, run.BestEpoch, run.BestValidMetric, run.TestMetric, run.PeakMemoryBytes));
        Assert.Equal(("accuracy", 2, "epoch-000002.ckpt"), (run.Metric, run.CheckpointEpoch, run.CheckpointPath));
        var history = await host.History(claimed.Id);
        Assert.Equal([1, 2, 3], history.Epochs.Select(e => e.Figures.Epoch));
        Assert.Equal(["status", "status", "started", "checkpoint"], history.Events.Select(e => e.Kind));
        Assert.Equal(Enumerable.Range(1, 7).Select(i => (long)i), history.Epochs.Select(e => e.Seq).Concat(history.Events.Select(e => e.Seq)).Order());
        Assert.Equal((7L, 7L), (history.Seq, run.LastSeq));
    }

    [Theory, OnBothStores]
    public async Task The_same_batch_again_changes_nothing(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var claimed = await host.ClaimedRun();
        TrainerEvent[] batch = [Started(), Epoch(1), Epoch(2), Checkpoint(2), new LogEvent { At = DateTimeOffset.UtcNow, Level = "info", Message = "hello" }];
        Assert.True(await host.Record(claimed, batch));
        var seq = (await host.Read(claimed.Id)).LastSeq;

        Assert.True(await host.Record(claimed, batch));
        Assert.True(await host.Record(claimed, [.. batch.Reverse(), .. batch]));
        Assert.Equal(seq, (await host.Read(claimed.Id)).LastSeq);
        Assert.Equal(2, (await host.History(claimed.Id)).Epochs.Count);
    }

    [Theory, OnBothStores]
    public async Task An_old_attempt_is_fenced_out(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var old = await host.ClaimedRun("worker-a");
        await host.LetLeaseRunOut(old.Id);
        await host.Queue.RequeueLost(Token);
        Assert.False(await host.Record(old, Epoch(1)));

        var current = (await host.Queue.Claim("worker-b", Token))!;
        Assert.False(await host.Record(old, Epoch(1), Finished()));
        Assert.False(await host.Queue.HandBack(old.Id, old.Attempt, Token));
        Assert.Empty((await host.History(old.Id)).Epochs);
        Assert.Equal(RunStatus.Running, (await host.Read(old.Id)).Status);

        Assert.True(await host.Record(current, Epoch(1)));
        Assert.Single((await host.History(old.Id)).Epochs);
    }

    [Theory, OnBothStores]
    public async Task A_resumed_attempt_voids_what_came_after_its_checkpoint(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var first = await host.ClaimedRun();
        await host.Record(first, Started(), Epoch(1, 0.1, best: true), Epoch(2, 0.3, best: true), Checkpoint(2), Epoch(3, 0.9, best: true), Epoch(4, 0.2));
        Assert.Equal(3, (await host.Read(first.Id)).BestEpoch);
        await host.LetLeaseRunOut(first.Id);
        await host.Queue.RequeueLost(Token);

        var second = (await host.Queue.Claim("worker-b", Token))!;
        Assert.Equal(Path.Combine(second.ArtifactsFolder, "epoch-000002.ckpt"), second.CheckpointPath);
        Assert.Equal(new string('a', 64), second.CheckpointSha256);
        await host.Record(second, Started(resumedFrom: 2));
        var resumed = await host.Read(first.Id);
        Assert.Equal((2, 2, 0.3), (resumed.Epoch, resumed.BestEpoch, resumed.BestValidMetric));

        await host.Record(second, Epoch(3, 0.4, best: true), Epoch(4, 0.5, best: true));
        var history = await host.History(first.Id);
        Assert.Equal([(1, 1), (2, 1), (3, 2), (4, 2)], history.Epochs.Select(e => (e.Figures.Epoch, e.Attempt)));
        Assert.Equal(2, history.Events.Last(e => e.Kind == "started").ResumedFromEpoch);
        Assert.Equal(4, (await host.Read(first.Id)).BestEpoch);
    }

    [Theory, OnBothStores]
    public async Task NaN_and_infinite_figures_survive(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var claimed = await host.ClaimedRun();
        var odd = Epoch(1, valid: double.NaN, test: double.NegativeInfinity, validLoss: double.PositiveInfinity) with { TrainLoss = double.NaN, TestLoss = double.Epsilon };
        await host.Record(claimed, odd, Epoch(2, valid: 0.1, best: true));

        var figures = (await host.History(claimed.Id)).Epochs[0].Figures;
        Assert.Equal(
            (double.NaN, double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.Epsilon),
            (figures.TrainLoss, figures.ValidMetric, figures.ValidLoss, figures.TestMetric, figures.TestLoss));
        Assert.Equal(2, (await host.Read(claimed.Id)).BestEpoch);

        await host.Record(claimed, Finished() with { BestValidLoss = double.NaN, TestMetric = double.NaN });
        Assert.Equal(double.NaN, (await host.Read(claimed.Id)).TestMetric);
    }

    [Theory, OnBothStores]
    public async Task The_trainer_says_which_epoch_is_best_and_its_further_figures_are_kept(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        await host.Queue.Create(Spec(selection: Selection.ValidLoss), Token);
        var claimed = (await host.Queue.Claim("worker-a", Token))!;
        var further = new Dictionary<string, double> { ["valid.accuracy"] = 0.25, ["test.iou.wall"] = double.NaN };
        await host.Record(claimed, Epoch(1, valid: 0.9, validLoss: 2, best: true), Epoch(2, valid: 0.5, best: true) with { Metrics = further }, Epoch(3, valid: 0.7));
        Assert.Equal(2, (await host.Read(claimed.Id)).BestEpoch);
        var epochs = (await host.History(claimed.Id)).Epochs;
        Assert.Equal(further, epochs[1].Figures.Metrics);
        Assert.Null(epochs[2].Figures.Metrics);
        Assert.Equal([true, true, false], epochs.Select(each => each.Figures.IsBest));
    }

    [Theory, OnBothStores]
    public async Task A_finished_event_ends_the_run_with_its_figures(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var claimed = await host.ClaimedRun();
        Assert.True(await host.Record(claimed, Epoch(1), Epoch(2), Epoch(3), Finished(epochs: 3, best: 2), Epoch(4)));

        var run = await host.Read(claimed.Id);
        Assert.Equal((RunStatus.Succeeded, 2, 0.65, 5000L, 3), (run.Status, run.BestEpoch, run.TestMetric, run.PeakMemoryBytes, run.Epoch));
        Assert.NotNull(run.FinishedAt);
        Assert.Null(run.LeaseUntil);
        Assert.False(await host.Record(claimed, Epoch(5)));
    }

    [Theory, OnBothStores]
    public async Task A_failed_event_names_class_and_cause(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var claimed = await host.ClaimedRun();
        await host.Record(claimed, Failed(FailureClass.OutOfMemory, "killed at 3 GB\0"));

        var run = await host.Read(claimed.Id);
        Assert.Equal((RunStatus.Failed, FailureClass.OutOfMemory, "killed at 3 GB\uFFFD"), (run.Status, run.FailureClass, run.FailureMessage));
    }

    [Theory, OnBothStores]
    public async Task An_infrastructure_failure_is_tried_again_while_attempts_are_left(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var claimed = await host.ClaimedRun();
        await host.Record(claimed, Failed(FailureClass.Infrastructure));
        Assert.Equal(RunStatus.Queued, (await host.Read(claimed.Id)).Status);

        await host.Record((await host.Queue.Claim("worker-a", Token))!, Failed(FailureClass.Infrastructure));
        await host.Record((await host.Queue.Claim("worker-a", Token))!, Failed(FailureClass.Infrastructure, "disk full"));
        var run = await host.Read(claimed.Id);
        Assert.Equal((RunStatus.Failed, FailureClass.Infrastructure, 3), (run.Status, run.FailureClass, run.Attempt));
        Assert.StartsWith("disk full", run.FailureMessage, StringComparison.Ordinal);
    }

    [Theory, OnBothStores]
    public async Task A_stopped_run_is_queued_again_with_its_checkpoint(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var claimed = await host.ClaimedRun();
        await host.Record(claimed, Started(), Epoch(1), Checkpoint(1), Stopped(1));

        var run = await host.Read(claimed.Id);
        Assert.Equal((RunStatus.Queued, 0, 1), (run.Status, run.LostAttempts, run.CheckpointEpoch));
    }

    [Theory, OnBothStores]
    public async Task However_the_attempt_ends_a_cancelling_run_ends_cancelled(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        foreach (TrainerEvent end in (TrainerEvent[])[Stopped(1), Finished(), Failed(FailureClass.Infrastructure), Failed(FailureClass.Diverged)])
        {
            var claimed = await host.ClaimedRun();
            await host.Queue.Cancel(claimed.Id, Token);
            Assert.True(await host.Record(claimed, Epoch(1), end));
            var run = await host.Read(claimed.Id);
            Assert.Equal((RunStatus.Cancelled, (FailureClass?)null, 1), (run.Status, run.FailureClass, run.Epoch));
        }
        Assert.Null(await host.Queue.Claim("worker-a", Token));
    }

    [Theory, OnBothStores]
    public async Task History_after_a_cursor_gives_only_what_is_newer(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var claimed = await host.ClaimedRun();
        await host.Record(claimed, Started(), Epoch(1));
        var before = await host.History(claimed.Id);
        await host.Record(claimed, Epoch(2));

        var after = await host.History(claimed.Id, before.Seq);
        Assert.Equal(2, Assert.Single(after.Epochs).Figures.Epoch);
        Assert.Empty(after.Events);
        Assert.Equal(before.Seq + 1, after.Seq);
        Assert.Equal(after.Seq, (await host.History(claimed.Id, after.Seq)).Seq);
        Assert.Empty((await host.History(claimed.Id, long.MaxValue)).Epochs);
    }

    [Theory, OnBothStores]
    public async Task A_long_history_comes_in_parts_that_join_without_a_gap(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var claimed = await host.ClaimedRun();
        var epochs = RunHistoryReader.PageSize + 500;
        foreach (var batch in Enumerable.Range(1, epochs).Chunk(2_000)) { Assert.True(await host.Record(claimed, [.. batch.Select(epoch => Epoch(epoch))])); }

        var read = new List<int>();
        var parts = 0;
        for (var (after, before) = (0L, -1L); after != before; parts++)
        {
            var part = await host.History(claimed.Id, after);
            read.AddRange(part.Epochs.Select(e => e.Figures.Epoch));
            (before, after) = (after, part.Seq);
        }
        Assert.Equal(Enumerable.Range(1, epochs), read);
        Assert.Equal(3, parts);
    }

    [Theory, OnBothStores]
    public async Task Odd_texts_and_times_of_a_dying_process_are_stored(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var claimed = await host.ClaimedRun();
        var cutInAPair = new string('x', 3_999) + "😀 and so on";
        Assert.True(await host.Record(claimed, new LogEvent { Level = "info", Message = "no time" }, new LogEvent { Level = "info", Message = cutInAPair + '\0' }));
        Assert.Equal(["no time", new string('x', 3_999) + "\uFFFD…"], (await host.History(claimed.Id)).Events.Where(e => e.Kind == "log").Select(e => e.Message));
    }

    [Theory, OnBothStores]
    public async Task Writers_at_once_leave_no_gap_in_the_sequence(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var claimed = await host.ClaimedRun();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => host.Record(claimed, Epoch(2 * i + 1), Epoch(2 * i + 2)))));

        var history = await host.History(claimed.Id);
        Assert.Equal(Enumerable.Range(3, 40).Select(i => (long)i), history.Epochs.Select(e => e.Seq));
        Assert.Equal(Enumerable.Range(1, 40), history.Epochs.Select(e => e.Figures.Epoch).Order());
    }
}
