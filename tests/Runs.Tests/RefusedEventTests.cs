using Contracts;
using Microsoft.EntityFrameworkCore;
using Testing;

namespace Runs.Tests;

/// <summary>One event that the store will never take must not stop those after it.</summary>
public sealed class RefusedEventTests(PostgresFixture postgres)
{
    private static CancellationToken Token => RunsHost.Token;

    [Theory, OnBothStores]
    public async Task An_event_that_the_store_refuses_for_good_is_told_of_and_the_others_are_stored(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var run = await host.ClaimedRun();
        await RefusePoison(host);
        var poison = new LogEvent { At = DateTimeOffset.UtcNow, Level = "info", Message = "poison" };
        Assert.True(await host.Record(run, RunsHost.Epoch(1), poison, RunsHost.Epoch(2)));
        Assert.True(await host.Record(run, RunsHost.Epoch(1), RunsHost.Epoch(2), RunsHost.Epoch(3)));

        var history = await host.History(run.Id);
        Assert.Equal([1, 2, 3], history.Epochs.Select(point => point.Figures.Epoch));
        Assert.Single(history.Events, told => told.Message.StartsWith("the store refused an event", StringComparison.Ordinal));
    }

    [Theory, OnBothStores]
    public async Task A_refused_last_event_still_ends_the_run(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var run = await host.ClaimedRun();
        await RefusePoison(host);
        Assert.True(await host.Record(run, new FailedEvent { At = DateTimeOffset.UtcNow, Class = FailureClass.Data, Message = "poison" }));
        var row = await host.Read(run.Id);
        Assert.Equal((RunStatus.Failed, FailureClass.Data), (row.Status, row.FailureClass));
    }

    private static async Task RefusePoison(RunsHost host)
    {
        await using var db = host.Store.Open();
        if (db is PostgresRunsDb)
        {
            await db.Database.ExecuteSqlRawAsync("ALTER TABLE events ADD CHECK (message NOT LIKE '%poison')", Token);
            return;
        }
        await db.Database.ExecuteSqlRawAsync(
            "CREATE TRIGGER poison BEFORE INSERT ON events WHEN NEW.message LIKE '%poison' BEGIN SELECT RAISE(ABORT, 'no poison'); END", Token);
    }
}
