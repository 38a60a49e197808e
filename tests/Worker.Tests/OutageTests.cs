using Contracts;
using Testing;

namespace Worker.Tests;

/// <summary>The database goes away in the middle of training, on a server that no other test uses.</summary>
public sealed class OutageTests(OutageTests.OwnServer own) : IClassFixture<OutageTests.OwnServer>, IDisposable
{
    private readonly TemporaryFolder data = TestFolders.NewTemporary();
    private readonly PostgresServer server = own.Server;

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task Training_goes_on_through_an_outage_and_every_epoch_is_stored_once()
    {
        await using var worker = await WorkerHost.Start(data.Path, server.NewDatabase());
        var run = await worker.Post("delay=40", epochs: 150, checkpointEvery: 50);
        await worker.RunThatReached(10, run);
        var trainer = await worker.TrainerProcessOf(run);
        server.GoAway();
        await Task.Delay(TimeSpan.FromSeconds(4), WorkerHost.Token);
        server.ComeBack();

        var row = await worker.RunThatIs(RunStatus.Succeeded, run);
        Assert.Equal((1, 150), (row.Attempt, row.CheckpointEpoch));
        Assert.Equal(Enumerable.Range(1, 150), await worker.Epochs(run));
        Assert.Equal(trainer, (int)row.ToDetail().Started!.Parameters);

        // 40 ms an epoch: no epoch waited for the 4 s of the outage.
        var times = (await worker.EpochRows(run)).Select(epoch => epoch.ToPoint().Figures.At).ToList();
        var longest = times.Zip(times.Skip(1), (earlier, later) => later - earlier).Max();
        Assert.InRange(longest.TotalSeconds, 0, 2);
    }

    [Fact]
    public async Task A_run_that_ended_during_the_outage_ends_the_same_way_afterwards()
    {
        await using var worker = await WorkerHost.Start(data.Path, server.NewDatabase());
        var run = await worker.Post("delay=40", epochs: 30);
        await worker.RunThatReached(5, run);
        var trainer = System.Diagnostics.Process.GetProcessById(await worker.TrainerProcessOf(run));
        server.GoAway();
        await trainer.WaitForExitAsync(WorkerHost.Token);
        server.ComeBack();
        Assert.Equal(1, (await worker.RunThatIs(RunStatus.Succeeded, run)).Attempt);
        Assert.Equal(Enumerable.Range(1, 30), await worker.Epochs(run));
    }

    [Fact]
    public async Task A_worker_that_leaves_during_the_outage_keeps_its_events_for_the_next_one()
    {
        var database = server.NewDatabase();
        Guid run;
        await using (var worker = await WorkerHost.Start(data.Path, database, settings => settings with { StoreGrace = TimeSpan.FromSeconds(2) }))
        {
            run = await worker.Post("delay=40", epochs: 100);
            await worker.RunThatReached(5, run);
            server.GoAway();
            await worker.Stop();
        }

        server.ComeBack();
        var spooled = Assert.Single(LeftSpool.In(Spool.Folder(data.Path, "worker-a"))).Events.OfType<EpochEvent>().Count();
        await using var next = await WorkerHost.Start(data.Path, database);
        var row = await next.RunThatIs(RunStatus.Succeeded, run);
        Assert.Equal((2, 0), (row.Attempt, row.LostAttempts));
        Assert.Equal(Enumerable.Range(1, 100), await next.Epochs(run));
        Assert.Equal(spooled, (await next.EpochRows(run)).Count(epoch => epoch.Attempt == 1));
    }

    public sealed class OwnServer : IAsyncLifetime
    {
        public PostgresServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Server = await PostgresServer.Start();

        public async ValueTask DisposeAsync() => await Server.DisposeAsync();
    }
}
