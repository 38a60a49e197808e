using System.Collections.Concurrent;
using Contracts;
using Microsoft.EntityFrameworkCore;
using Testing;
using static Runs.Tests.RunsHost;

namespace Runs.Tests;

public sealed class RunQueueTests(PostgresFixture postgres)
{
    [Theory, OnBothStores]
    public async Task A_created_run_waits_with_its_spec_and_an_event(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var id = await host.QueuedRun(seed: 7);

        var run = await host.Read(id);
        Assert.Equal((RunStatus.Queued, "run 7", 7, 0, 1L), (run.Status, run.Name, run.ReadSpec().Seed, run.Attempt, run.LastSeq));
        Assert.Equal("queued", Assert.Single((await host.History(id)).Events).Message);
    }

    [Theory, OnBothStores]
    public async Task Many_claimers_of_few_runs_get_each_run_once(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var runs = new List<Guid>();
        for (var i = 0; i < 10; i++) { runs.Add(await host.QueuedRun(i)); }

        var claimed = new ConcurrentBag<Guid>();
        await Task.WhenAll(Enumerable.Range(0, 16).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; i < 5; i++)
            {
                if (await host.Queue.Claim($"worker-{worker}", Token) is { } run) { claimed.Add(run.Id); }
            }
        })));

        Assert.Equal(runs.Order(), claimed.Order());
        Assert.Null(await host.Queue.Claim("late", Token));
    }

    [Theory, OnBothStores]
    public async Task A_claim_takes_the_oldest_run_and_leases_it(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var first = await host.QueuedRun();
        await host.QueuedRun();

        var claimed = await host.Queue.Claim("worker-a", Token);
        var run = await host.Read(first);
        Assert.Equal((first, 1), (claimed!.Id, claimed.Attempt));
        Assert.Equal((RunStatus.Running, "worker-a"), (run.Status, run.Worker));
        Assert.InRange(run.LeaseUntil!.Value - run.StartedAt!.Value, RunQueue.Lease - TimeSpan.FromSeconds(1), RunQueue.Lease);
        Assert.Contains(first.ToString(), claimed.ArtifactsFolder, StringComparison.Ordinal);
    }

    [Theory, OnBothStores]
    public async Task A_run_of_higher_priority_is_claimed_before_older_ones(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        await host.QueuedRun();
        var urgent = await host.QueuedRun();
        await using (var db = host.Store.Open())
        {
            await db.Runs.Where(run => run.Id == urgent).ExecuteUpdateAsync(row => row.SetProperty(run => run.Priority, 1), Token);
        }
        Assert.Equal(urgent, (await host.Queue.Claim("worker-a", Token))!.Id);
    }

    [Theory, OnBothStores]
    public async Task A_lost_lease_queues_the_run_again_and_fails_it_after_the_last_attempt(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var id = await host.QueuedRun();
        for (var attempt = 1; attempt <= RetryBudget.Of(FailureClass.Lost); attempt++)
        {
            var claimed = await host.Queue.Claim("worker-a", Token);
            Assert.Equal(attempt, claimed!.Attempt);
            Assert.Equal(0, await host.Queue.RequeueLost(Token));
            await host.LetLeaseRunOut(id);
            Assert.Equal(1, await host.Queue.RequeueLost(Token));
            Assert.Equal(LeaseAnswer.Lost, await host.Queue.Renew(id, attempt, Token));
        }

        var run = await host.Read(id);
        Assert.Equal((RunStatus.Failed, FailureClass.Lost), (run.Status, run.FailureClass));
        Assert.Contains("worker-a was lost", run.FailureMessage, StringComparison.Ordinal);
        Assert.NotNull(run.FinishedAt);
    }

    [Theory, OnBothStores]
    public async Task Sweepers_racing_for_a_lost_run_take_it_back_once(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var claimed = await host.ClaimedRun();
        await host.LetLeaseRunOut(claimed.Id);

        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => host.Queue.RequeueLost(Token))));
        Assert.Equal(1, taken.Sum());
        Assert.Equal(1, (await host.Read(claimed.Id)).LostAttempts);
    }

    [Theory, OnBothStores]
    public async Task A_restarted_worker_takes_back_only_its_own_runs(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var own = await host.ClaimedRun("worker-a");
        var other = await host.ClaimedRun("worker-b");

        Assert.Equal(1, await host.Queue.RequeueOwn("worker-a", Token));
        Assert.Equal(RunStatus.Queued, (await host.Read(own.Id)).Status);
        Assert.Equal(RunStatus.Running, (await host.Read(other.Id)).Status);
    }

    [Theory, OnBothStores]
    public async Task A_renewed_lease_is_held_until_cancel_or_another_attempt(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var run = await host.ClaimedRun();
        await host.LetLeaseRunOut(run.Id);
        Assert.Equal(LeaseAnswer.Held, await host.Queue.Renew(run.Id, run.Attempt, Token));
        Assert.Equal(0, await host.Queue.RequeueLost(Token));

        await host.Queue.Cancel(run.Id, Token);
        Assert.Equal(LeaseAnswer.CancelRequested, await host.Queue.Renew(run.Id, run.Attempt, Token));
        Assert.Equal(LeaseAnswer.Lost, await host.Queue.Renew(run.Id, run.Attempt + 1, Token));
    }

    [Theory, OnBothStores]
    public async Task A_run_handed_back_uses_up_no_attempt(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var id = await host.QueuedRun();
        for (var attempt = 1; attempt <= RetryBudget.Of(FailureClass.Lost) + 2; attempt++)
        {
            var claimed = await host.Queue.Claim("worker-a", Token);
            Assert.True(await host.Queue.HandBack(id, claimed!.Attempt, Token));
            Assert.False(await host.Queue.HandBack(id, claimed.Attempt, Token));
        }
        var run = await host.Read(id);
        Assert.Equal((RunStatus.Queued, 0), (run.Status, run.LostAttempts));
    }

    [Theory, OnBothStores]
    public async Task A_paused_run_waits_until_it_is_resumed(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var run = await host.ClaimedRun();
        Assert.Equal(UserAnswer.Accepted, await host.Queue.Pause(run.Id, Token));
        Assert.Equal(LeaseAnswer.PauseRequested, await host.Queue.Renew(run.Id, run.Attempt, Token));
        Assert.True(await host.Record(run, new StoppedEvent { At = DateTimeOffset.UtcNow, Epoch = 4 }));
        Assert.Equal(RunStatus.Paused, (await host.Read(run.Id)).Status);
        Assert.Null(await host.Queue.Claim("worker-a", Token));

        Assert.Equal(UserAnswer.Accepted, await host.Queue.Resume(run.Id, Token));
        Assert.Equal(UserAnswer.Accepted, await host.Queue.Resume(run.Id, Token));
        Assert.Equal(2, (await host.Queue.Claim("worker-a", Token))!.Attempt);
        Assert.Equal(0, (await host.Read(run.Id)).LostAttempts);
    }

    [Theory, OnBothStores]
    public async Task A_run_resumed_while_it_pauses_is_queued_when_its_device_is_free(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var run = await host.ClaimedRun();
        await host.Queue.Pause(run.Id, Token);
        await host.Queue.Resume(run.Id, Token);
        Assert.Equal(LeaseAnswer.Held, await host.Queue.Renew(run.Id, run.Attempt, Token));
        await host.Record(run, new StoppedEvent { At = DateTimeOffset.UtcNow, Epoch = 4 });
        Assert.Equal(RunStatus.Queued, (await host.Read(run.Id)).Status);
    }

    [Theory, OnBothStores]
    public async Task Losses_and_failures_of_the_machine_are_counted_each_for_itself(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var id = await host.QueuedRun();
        for (var i = 1; i < RetryBudget.Of(FailureClass.Lost); i++)
        {
            await host.Queue.Claim("worker-a", Token);
            await host.LetLeaseRunOut(id);
            await host.Queue.RequeueLost(Token);
        }
        for (var i = 1; i <= RetryBudget.Of(FailureClass.Infrastructure); i++)
        {
            Assert.Equal(RunStatus.Queued, (await host.Read(id)).Status);
            var run = await host.Queue.Claim("worker-a", Token);
            await host.Record(run!, new FailedEvent { At = DateTimeOffset.UtcNow, Class = FailureClass.Infrastructure, Message = "no space" });
        }
        Assert.Equal((RunStatus.Failed, FailureClass.Infrastructure), ((await host.Read(id)).Status, (await host.Read(id)).FailureClass));
    }

    [Theory, OnBothStores]
    public async Task Cancel_ends_a_queued_run_and_asks_a_running_one(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        Assert.Equal(UserAnswer.Unknown, await host.Queue.Cancel(Guid.NewGuid(), Token));

        var running = await host.ClaimedRun();
        Assert.Equal(UserAnswer.Accepted, await host.Queue.Cancel(running.Id, Token));
        Assert.Equal(UserAnswer.Accepted, await host.Queue.Cancel(running.Id, Token));
        var cancelling = await host.Read(running.Id);
        Assert.Equal(RunStatus.Cancelling, cancelling.Status);
        Assert.NotNull(cancelling.LeaseUntil);
        Assert.Single((await host.History(running.Id)).Events, e => e.Message == "cancelling");

        var queued = await host.QueuedRun();
        Assert.Equal(UserAnswer.Accepted, await host.Queue.Cancel(queued, Token));
        Assert.Equal(UserAnswer.Accepted, await host.Queue.Cancel(queued, Token));
        Assert.Equal(RunStatus.Cancelled, (await host.Read(queued)).Status);
        Assert.Null(await host.Queue.Claim("worker-a", Token));
    }

    [Theory, OnBothStores]
    public async Task Cancel_of_a_finished_run_is_refused(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var succeeded = await host.ClaimedRun();
        await host.Record(succeeded, Finished());
        var failed = await host.ClaimedRun();
        await host.Record(failed, Failed(FailureClass.User));

        Assert.Equal(UserAnswer.Refused, await host.Queue.Cancel(succeeded.Id, Token));
        Assert.Equal(UserAnswer.Refused, await host.Queue.Cancel(failed.Id, Token));
    }

    [Theory, OnBothStores]
    public async Task A_cancelling_run_whose_worker_is_lost_ends_cancelled(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var run = await host.ClaimedRun();
        await host.Queue.Cancel(run.Id, Token);
        await host.LetLeaseRunOut(run.Id);

        Assert.Equal(1, await host.Queue.RequeueLost(Token));
        Assert.Equal(RunStatus.Cancelled, (await host.Read(run.Id)).Status);
    }
}
