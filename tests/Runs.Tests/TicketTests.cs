using Hangfire;
using Hangfire.PostgreSql;
using Microsoft.Extensions.Time.Testing;
using Testing;
using static Runs.Tests.RunsHost;

namespace Runs.Tests;

public sealed class TicketTests(PostgresFixture postgres)
{
    [Theory, OnBothStores]
    public async Task Each_created_run_rings_once_and_the_sweeper_replaces_lost_tickets(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        long Waiting() => host.Get<JobStorage>().GetMonitoringApi().EnqueuedCount(ITrainTicket.Queue);
        await host.QueuedRun();
        await host.QueuedRun();
        Assert.Equal(2, Waiting());

        // A ticket is taken and its worker dies before the claim.
        using (var connection = host.Get<JobStorage>().GetConnection())
        {
            connection.FetchNextJob([ITrainTicket.Queue], Token).RemoveFromQueue();
        }
        Assert.Equal(1, Waiting());

        await host.Get<TrainBell>().RingForQueued(Token);
        Assert.Equal(2, Waiting());
        await host.Get<TrainBell>().RingForQueued(Token);
        Assert.Equal(2, Waiting());
    }

    [Theory, OnBothStores]
    public async Task A_sweep_takes_lost_runs_back_and_rings_for_them(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var claimed = await host.ClaimedRun();
        await host.LetLeaseRunOut(claimed.Id);

        using var sweeper = new RunSweeper(host.Queue, host.Get<RunStore>(), host.Get<TrainBell>(), TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<RunSweeper>.Instance);
        await sweeper.Sweep(Token);
        Assert.Equal(Contracts.RunStatus.Queued, (await host.Read(claimed.Id)).Status);
        Assert.True(host.Get<JobStorage>().GetMonitoringApi().EnqueuedCount(ITrainTicket.Queue) >= 1);
    }

    [Theory, OnBothStores]
    public async Task Who_follows_a_run_is_told_when_its_worker_is_late_and_when_it_is_back(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var claimed = await host.ClaimedRun();
        await using var told = host.Get<RunSignal>().Listen(Token).GetAsyncEnumerator(Token);
        Assert.True(await told.MoveNextAsync());
        Assert.Null(told.Current);
        using var sweeper = new RunSweeper(host.Queue, host.Get<RunStore>(), host.Get<TrainBell>(), TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<RunSweeper>.Instance);

        // In time: nothing is told. Late: once, however often is swept. Back again: once more.
        await host.LastSignOfLife(claimed.Id, RunQueue.LateAfter - TimeSpan.FromSeconds(5));
        await sweeper.Sweep(Token);
        Assert.Null(await SilentSince(host, claimed.Id));
        await host.LastSignOfLife(claimed.Id, RunQueue.LateAfter + TimeSpan.FromSeconds(1));
        await sweeper.Sweep(Token);
        await sweeper.Sweep(Token);
        Assert.NotNull(await SilentSince(host, claimed.Id));
        Assert.Equal(LeaseAnswer.Held, await host.Queue.Renew(claimed.Id, claimed.Attempt, Token));
        await sweeper.Sweep(Token);
        Assert.Null(await SilentSince(host, claimed.Id));
        await host.Store.Tell([Guid.Empty], Token);

        var heard = new List<Guid?>();
        while (heard.LastOrDefault() != Guid.Empty && await told.MoveNextAsync()) { heard.Add(told.Current); }
        Assert.Equal([claimed.Id, claimed.Id, Guid.Empty], heard);
    }

    private static async Task<DateTimeOffset?> SilentSince(RunsHost host, Guid run)
    {
        await using var db = host.Store.Open();
        var row = await host.Read(run);
        return row.ToSummary(await db.TimeToJudge([row], Token)).SilentSince;
    }

    [Fact]
    public async Task After_an_outage_of_the_store_workers_get_time_to_renew_before_they_are_judged()
    {
        await using var server = await PostgresServer.Start();
        await using var host = await RunsHost.StartOn(server.NewDatabase());
        var claimed = await host.ClaimedRun();
        await host.LetLeaseRunOut(claimed.Id);
        var time = new FakeTimeProvider();
        using var sweeper = new RunSweeper(host.Queue, host.Get<RunStore>(), host.Get<TrainBell>(), time, Microsoft.Extensions.Logging.Abstractions.NullLogger<RunSweeper>.Instance);

        server.GoAway();
        await Assert.ThrowsAnyAsync<Exception>(() => sweeper.Sweep(Token));
        server.ComeBack();
        await sweeper.Sweep(Token);
        time.Advance(RunSweeper.GraceAfterOutage - TimeSpan.FromSeconds(1));
        await sweeper.Sweep(Token);
        Assert.Equal(Contracts.RunStatus.Running, (await host.Read(claimed.Id)).Status);

        time.Advance(TimeSpan.FromSeconds(1));
        await sweeper.Sweep(Token);
        Assert.Equal(Contracts.RunStatus.Queued, (await host.Read(claimed.Id)).Status);
    }

    [Fact]
    public async Task Hangfire_on_Postgres_renews_its_tickets_and_never_starts_without_storage()
    {
        await using var host = await RunsHost.Start(StoreKind.Postgres, postgres);
        var effective = TicketStorage.EffectiveOptions(Assert.IsType<PostgreSqlStorage>(host.Get<JobStorage>()));
        Assert.True(effective.UseSlidingInvisibilityTimeout);
        Assert.Equal(TimeSpan.FromMinutes(2), effective.InvisibilityTimeout);
        Assert.False(effective.AllowDegradedModeWithoutStorage);
    }
}
