using Contracts;
using Npgsql;
using Testing;

namespace Worker.Tests;

/// <summary>A worker whose wire to the store is cut, while the store serves everybody else.</summary>
public sealed class CutOffTests(PostgresFixture postgres) : IDisposable
{
    private readonly TemporaryFolder data = TestFolders.NewTemporary();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task A_worker_that_is_cut_off_stops_training_and_its_run_continues_when_it_is_back()
    {
        var (wire, database) = await Behind();
        await using var cutting = wire;
        await using var worker = await WorkerHost.Start(data.Path, database, Impatient);
        var run = await worker.Post("delay=20", epochs: 250, checkpointEvery: 0);
        await worker.RunThatReached(5, run);
        var trainer = await worker.TrainerProcessOf(run);

        await GoneWhileCut(wire, trainer);

        var row = await worker.RunThatIs(RunStatus.Succeeded, run, withinSeconds: 60);
        Assert.Equal((2, 0), (row.Attempt, row.LostAttempts));
        Assert.Equal(Enumerable.Range(1, 250), await worker.Epochs(run));
        Assert.Contains(await worker.Events(run, "log"), told => told.Message.StartsWith("worker-a could not reach the store for 1 s", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_worker_that_is_cut_off_kills_a_trainer_that_does_not_stop_and_hands_the_run_back()
    {
        var (wire, database) = await Behind();
        await using var cutting = wire;
        await using var worker = await WorkerHost.Start(data.Path, database, Impatient);
        var run = await worker.Post("once hang=30 ignoreStop delay=20", epochs: 60, checkpointEvery: 10);
        await worker.RunThatReached(30, run);
        var trainer = await worker.TrainerProcessOf(run);

        await GoneWhileCut(wire, trainer);

        var row = await worker.RunThatIs(RunStatus.Succeeded, run, withinSeconds: 60);
        Assert.Equal((2, 0, 0), (row.Attempt, row.LostAttempts, row.InfrastructureFailures));
        Assert.Equal(Enumerable.Range(1, 60), await worker.Epochs(run));
        Assert.Contains(await worker.Events(run, "log"), told => told.Message.EndsWith("did not stop in time and was killed; epochs since the last checkpoint are trained again", StringComparison.Ordinal));
    }

    // Seconds instead of half a minute.
    private static WorkerSettings Impatient(WorkerSettings settings) =>
        settings with { RenewEvery = TimeSpan.FromSeconds(0.5), StopAfterSilence = TimeSpan.FromSeconds(1), KillAfterSilence = TimeSpan.FromSeconds(3) };

    private async Task<(Wire Wire, string Database)> Behind()
    {
        var database = new NpgsqlConnectionStringBuilder((await postgres.NewDatabase(StoreKind.Postgres))!);
        var wire = new Wire(database.Port);
        database.Port = wire.Port;
        return (wire, database.ToString());
    }

    private static async Task GoneWhileCut(Wire wire, int trainer)
    {
        wire.Cut();
        try
        {
            var limit = DateTime.UtcNow.AddSeconds(20);
            while (LinuxProcess.IsAlive(trainer))
            {
                Assert.True(DateTime.UtcNow < limit, "the Trainer goes on 20 s after its worker was cut off");
                await Task.Delay(25, WorkerHost.Token);
            }
        }
        finally { wire.Mend(); }
    }
}
