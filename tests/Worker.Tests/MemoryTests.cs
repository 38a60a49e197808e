using Contracts;
using Runs;
using Testing;

namespace Worker.Tests;

/// <summary>What a worker takes, and what it tells when memory ran out all the same.</summary>
public sealed class MemoryTests(PostgresFixture postgres) : IDisposable
{
    private readonly TemporaryFolder data = TestFolders.NewTemporary();

    public void Dispose() => data.Dispose();

    [Theory, OnBothStores]
    public async Task A_run_that_does_not_fit_waits_while_others_train(StoreKind store)
    {
        await using var worker = await WorkerHost.Start(data.Path, await postgres.NewDatabase(store), settings => settings with { MemoryBytes = 1L << 30 });
        var spec = FakeTrainerProgram.Spec("") with { Data = new() { Dataset = "sbm", Sbm = new() { Nodes = 100_000 } }, Model = new() { Layers = 112 } };
        var large = (await worker.Queue.Create(spec, WorkerHost.Token, priority: 9)).Id;
        var small = await worker.Post("", epochs: 3);
        await worker.RunThatIs(RunStatus.Succeeded, small);
        Assert.Equal((RunStatus.Queued, 0), ((await worker.Read(large)).Status, (await worker.Read(large)).Attempt));

        var known = Assert.Single(await worker.Get<KnownWorkers>().Now(WorkerHost.Token));
        Assert.Equal(("worker-a", (long)((1L << 30) * 0.9), 1), (known.Name, known.RunMemoryBytes, known.Slots));
        await worker.Stop();
        Assert.Empty(await worker.Get<KnownWorkers>().Now(WorkerHost.Token));
    }

    [Fact]
    public async Task A_run_out_of_memory_fails_at_once_with_figures_and_what_would_fit()
    {
        await using var worker = await WorkerHost.Start(data.Path);
        var spec = FakeTrainerProgram.Spec("fail=2:OutOfMemory") with { Data = new() { Dataset = "sbm", Sbm = new() { Nodes = 60_000 } }, Model = new() { Layers = 56 } };
        var run = (await worker.Queue.Create(spec, WorkerHost.Token)).Id;
        var failed = await worker.RunThatIs(RunStatus.Failed, run);
        Assert.Equal((FailureClass.OutOfMemory, 1), (failed.FailureClass, failed.Attempt));
        Assert.Matches(@"^told to fail at epoch 2 \(measured .+ until then, estimated .+ in all, this worker allows .+; (fits with|nothing that was tried fits)", failed.FailureMessage);
        Assert.True(failed.PeakMemoryBytes > 0);
    }

    [Fact]
    public async Task A_trainer_that_grows_beyond_its_limit_ends_out_of_memory_and_the_next_run_goes_on()
    {
        // What a run on almost no data is estimated at; the runtime takes a part of it before the first line is run.
        await using var worker = await WorkerHost.Start(data.Path, change: settings => settings with { TrainerMemoryBytes = 512L << 20 });
        var greedy = await worker.Post("allocate=2:1500");
        var failed = await worker.RunThatIs(RunStatus.Failed, greedy);
        Assert.Equal((FailureClass.OutOfMemory, 1, 2), (failed.FailureClass, failed.Attempt, failed.Epoch));
        var modest = await worker.Post("allocate=2:10");
        await worker.RunThatIs(RunStatus.Succeeded, modest);
    }

    [Theory]
    [InlineData("Worker:MemoryMiB", "-5", "needed a whole number")]
    [InlineData("Worker:TrainerMemoryMiB", "12", "needed a whole number from 64")]
    [InlineData("Worker:MemoryMargin", "1.5", "needed a number from 0 to below 1")]
    public void A_setting_that_cannot_be_used_is_told(string key, string value, string message)
    {
        var settings = new Microsoft.Extensions.Configuration.ConfigurationManager { [key] = value };
        var fault = Assert.Throws<InvalidOperationException>(() => WorkerSettings.From(settings, data.Path));
        Assert.Contains($"Setting {key}: found \"{value}\"", fault.Message, StringComparison.Ordinal);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }
}
