using Contracts;
using Testing;

namespace Runs.Tests;

/// <summary>Runs are claimed by what they need, and nobody rings for those that no worker takes.</summary>
public sealed class MemoryClaimTests(PostgresFixture postgres)
{
    private const long GiB = 1L << 30;

    [Theory, OnBothStores]
    public async Task A_worker_passes_over_a_run_that_does_not_fit_it_and_a_larger_one_takes_it(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var large = await host.Queue.Create(Large, RunsHost.Token, priority: 5);
        var small = await host.QueuedRun();
        Assert.InRange(large.EstimatedMemoryBytes!.Value, 8 * GiB, long.MaxValue);

        Assert.Equal(small, (await host.Queue.Claim("small", RunsHost.Token, memoryBytes: 2 * GiB))!.Id);
        Assert.Null(await host.Queue.Claim("small", RunsHost.Token, memoryBytes: 2 * GiB));
        var claimed = (await host.Queue.Claim("large", RunsHost.Token, memoryBytes: large.EstimatedMemoryBytes.Value))!;
        Assert.Equal((large.Id, large.EstimatedMemoryBytes), (claimed.Id, claimed.EstimatedMemoryBytes));
    }

    [Theory, OnBothStores]
    public async Task A_run_whose_need_is_not_known_is_taken_by_anyone(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var run = await host.Queue.Create(RunsHost.Spec() with { Data = new() { Dataset = "own/mine" } }, RunsHost.Token);
        Assert.Null(run.EstimatedMemoryBytes);
        Assert.Equal(run.Id, (await host.Queue.Claim("tiny", RunsHost.Token, memoryBytes: 1))!.Id);
    }

    [Theory, OnBothStores]
    public async Task Workers_are_known_by_what_they_last_said_until_they_leave(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var workers = host.Get<KnownWorkers>();
        Assert.Empty(await workers.Unfit([Large], RunsHost.Token)); // who knows of no worker refuses nothing
        await workers.Report("a", 1 * GiB, 1, RunsHost.Token);
        await workers.Report("b", 2 * GiB, 4, RunsHost.Token);
        await workers.Report("a", 3 * GiB, 2, RunsHost.Token);
        Assert.Equal([("a", 3 * GiB, 2), ("b", 2 * GiB, 4)], (await workers.Now(RunsHost.Token)).Select(worker => (worker.Name, worker.RunMemoryBytes, worker.Slots)));

        var unfit = Assert.Single(await workers.Unfit([RunsHost.Spec(), Large], RunsHost.Token));
        Assert.Equal("$.runs[1]", unfit.Path);
        Assert.Contains("more than 3.0 GiB; ", unfit.Message, StringComparison.Ordinal);
        await workers.Forget("a", RunsHost.Token);
        Assert.Equal("b", Assert.Single(await workers.Now(RunsHost.Token)).Name);
    }

    [Theory, OnBothStores]
    public async Task Nobody_rings_for_a_run_that_no_known_worker_takes(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        await host.Queue.Create(Large, RunsHost.Token);
        await host.QueuedRun();
        await using var db = host.Store.Open();
        Assert.Equal(2, await KnownWorkers.CountTakeable(db, RunsHost.Token));
        await host.Get<KnownWorkers>().Report("a", 2 * GiB, 1, RunsHost.Token);
        Assert.Equal(1, await KnownWorkers.CountTakeable(db, RunsHost.Token));
    }

    private static RunSpec Large => RunsHost.Spec() with
    {
        Data = new() { Dataset = "sbm", Sbm = new() { Nodes = 200_000 } },
        Model = new() { Convolution = Convolution.Gen, Layers = 112, HiddenChannels = 256 },
    };
}
