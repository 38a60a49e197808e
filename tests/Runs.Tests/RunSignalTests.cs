using Testing;
using static Runs.Tests.RunsHost;

namespace Runs.Tests;

public sealed class RunSignalTests(PostgresFixture postgres)
{
    [Theory, OnBothStores]
    public async Task A_signal_comes_after_commit_and_never_for_what_was_rolled_back(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using var signals = host.Get<RunSignal>().Listen(enough.Token).GetAsyncEnumerator(enough.Token);
        Assert.True(await signals.MoveNextAsync());
        Assert.Null(signals.Current);
        var next = signals.MoveNextAsync().AsTask();

        var rolledBack = Guid.Empty;
        await Assert.ThrowsAsync<InvalidOperationException>(() => host.Store.Write<bool>(async db =>
        {
            var run = Run.Create(Spec(), await db.Now(Token));
            rolledBack = run.Id;
            db.Runs.Add(run);
            await db.SaveChangesAsync(Token);
            throw new InvalidOperationException("no");
        }, Token));

        var written = new TaskCompletionSource();
        var commit = new TaskCompletionSource();
        var committed = host.Store.Write(async db =>
        {
            var run = Run.Create(Spec(), await db.Now(Token));
            db.Runs.Add(run);
            await db.SaveChangesAsync(Token);
            written.SetResult();
            await commit.Task;
            return run.Id;
        }, Token);
        await written.Task;
        Assert.False(next.IsCompleted);
        commit.SetResult();

        Assert.True(await next.WaitAsync(TimeSpan.FromSeconds(10), Token));
        Assert.Equal(await committed, signals.Current);
        Assert.NotEqual(rolledBack, signals.Current);
        await using var db = host.Store.Open();
        Assert.NotNull(await db.Runs.FindAsync([signals.Current!.Value], Token));
    }

    [Theory, OnBothStores]
    public async Task Every_listener_hears_of_recorded_epochs(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var claimed = await host.ClaimedRun();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Token);
        enough.CancelAfter(TimeSpan.FromSeconds(20));
        var listening = new CountdownEvent(2);
        var heard = Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            await foreach (var run in host.Get<RunSignal>().Listen(enough.Token))
            {
                if (run is null) { listening.Signal(); } else { return run.Value; }
            }
            return Guid.Empty;
        })).ToList();
        listening.Wait(enough.Token);

        await host.Record(claimed, Epoch(1));
        Assert.Equal([claimed.Id, claimed.Id], await Task.WhenAll(heard));
    }
}
