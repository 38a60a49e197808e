using System.Diagnostics;
using Contracts;
using Microsoft.EntityFrameworkCore;
using Testing;
using static Runs.Tests.RunsHost;

namespace Runs.Tests;

public sealed class MetricsStoreTests(PostgresFixture postgres)
{
    [Theory, OnBothStores]
    public async Task The_run_knows_lowest_highest_and_last_value_of_each_metric(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var run = await host.ClaimedRun();
        await host.Record(run, Started(), Epoch(1, valid: 0.5, validLoss: 3), Epoch(2, valid: 0.9, validLoss: double.NaN));
        await host.Record(run, Epoch(3, valid: 0.2, validLoss: 2) with { Metrics = new Dictionary<string, double> { ["valid.iou.wall"] = 0.25 } }, Epoch(4, valid: 0.3, validLoss: double.NaN));

        var summaries = (await host.Read(run.Id)).ToDetail().Summaries;
        Assert.Equal(EpochMetrics.Names.Append("valid.iou.wall").Order(), summaries.Keys.Order());
        Assert.Equal(new MetricSummary { Count = 4, Last = 0.3, LastEpoch = 4, Min = 0.2, MinEpoch = 3, Max = 0.9, MaxEpoch = 2 }, summaries["validMetric"]);
        Assert.Equal(new MetricSummary { Count = 4, Last = double.NaN, LastEpoch = 4, Min = 2, MinEpoch = 3, Max = 3, MaxEpoch = 1 }, summaries["validLoss"]);
        Assert.Equal(new MetricSummary { Count = 1, Last = 0.25, LastEpoch = 3, Min = 0.25, MinEpoch = 3, Max = 0.25, MaxEpoch = 3 }, summaries["valid.iou.wall"]);
        Assert.Equal((1004.0, 0.25), (summaries["peakMemoryBytes"].Last, summaries["trainLoss"].Min));
    }

    [Theory, OnBothStores]
    public async Task What_a_resumed_attempt_voids_leaves_the_summaries(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var first = await host.ClaimedRun();
        await host.Record(first, Started(), Epoch(1, 0.4), Epoch(2, 0.1), Checkpoint(1), Epoch(3, 0.9));
        await host.LetLeaseRunOut(first.Id);
        await host.Queue.RequeueLost(Token);
        var second = (await host.Queue.Claim("worker-b", Token))!;
        await host.Record(second, Started(resumedFrom: 1), Epoch(2, 0.5));

        Assert.Equal(
            new MetricSummary { Count = 2, Last = 0.5, LastEpoch = 2, Min = 0.4, MinEpoch = 1, Max = 0.5, MaxEpoch = 2 },
            (await host.Read(first.Id)).Summaries["validMetric"]);
        await using var db = host.Store.Open();
        Assert.Equal([(1, 1), (2, 2)], await db.EpochsOf(await host.Read(first.Id), Token).Select(row => (row.Epoch, row.Attempt)).ToListAsync(Token));
    }

    [Theory, OnBothStores]
    public async Task Figures_of_memory_are_kept_apart_and_lose_what_a_resumed_attempt_voids(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var first = await host.ClaimedRun();
        await host.Record(first, Started(), Epoch(1), Memory(1, 10), Epoch(2), Checkpoint(2), Epoch(3), Memory(3, 20));
        await host.LetLeaseRunOut(first.Id);
        await host.Queue.RequeueLost(Token);
        var second = (await host.Queue.Claim("worker-b", Token))!;
        await host.Record(second, Started(resumedFrom: 2), Epoch(3), Memory(3, 30), Memory(5, 40));

        await using var db = host.Store.Open();
        Assert.Equal([(1, 10L), (3, 30L), (5, 40L)], (await db.MemoryOf(first.Id, Token))!.Epochs.Select(figures => (figures.Epoch, figures.Live.ParameterBytes)));
        Assert.DoesNotContain((await host.History(first.Id)).Events, happened => happened.Kind == "memory");
        Assert.Null(await db.MemoryOf(Guid.NewGuid(), Token));

        static MemoryEvent Memory(int epoch, long parameters)
        {
            var phase = new PhaseMemory { ResidentPeakBytes = 1 };
            return new() { At = DateTimeOffset.UtcNow, Epoch = epoch, Live = new() { ParameterBytes = parameters }, Forward = phase, Backward = phase, Optimizer = phase };
        }
    }

    [Theory, OnBothStores]
    public async Task A_long_run_is_thinned_without_losing_a_spike(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var run = await host.ClaimedRun();
        const int epochs = 12_000;
        foreach (var part in Enumerable.Range(1, epochs).Chunk(3_000))
        {
            Assert.True(await host.Record(run, [Checkpoint(part[0]), .. part.Select(epoch => Epoch(epoch, valid: epoch == 4_567 ? 0.99 : 0.5, best: epoch == 1_234) with { Seconds = epoch == 9_876 ? 60 : 0.1 })]));
        }

        await using var db = host.Store.Open();
        var thinned = (await db.ThinnedAfter(run.Id, 0, 1_000, Token))!;
        Assert.InRange(thinned.Epochs.Count, 500, 1_000);
        Assert.Superset(new HashSet<int> { 1, 1_234, 4_567, 9_876, epochs }, thinned.Epochs.Select(point => point.Figures.Epoch).ToHashSet());
        Assert.Equal((await host.Read(run.Id)).LastSeq, thinned.Seq);
        Assert.Equal(4, thinned.Events.Count(e => e.Kind == "checkpoint"));
        Assert.Equal(thinned.Epochs.Select(point => point.Seq).Order(), thinned.Epochs.Select(point => point.Seq));

        // What is short comes whole: the last epochs after a cursor.
        var tail = (await db.ThinnedAfter(run.Id, thinned.Seq - 50, 1_000, Token))!;
        Assert.Equal(Enumerable.Range(epochs - 49, 50), tail.Epochs.Select(point => point.Figures.Epoch));
        Assert.Null(await db.ThinnedAfter(Guid.NewGuid(), 0, 1_000, Token));
        Assert.Equal(Enumerable.Range(1, epochs), await db.EpochsOf(await host.Read(run.Id), Token).Select(row => row.Epoch).ToListAsync(Token));
    }

    /// <summary>An export of any length takes the memory of one part: what lies further on has not been read when the first row is handed out.</summary>
    [Theory, OnBothStores]
    public async Task The_epochs_of_a_run_are_read_as_they_are_taken(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var run = await host.ClaimedRun();
        await host.Record(run, [.. Enumerable.Range(1, 4_500).Select(epoch => Epoch(epoch))]);

        await using var db = host.Store.Open();
        await using var rows = db.EpochsOf(await host.Read(run.Id), Token).GetAsyncEnumerator(Token);
        Assert.True(await rows.MoveNextAsync());
        await using (var other = host.Store.Open()) { await other.Epochs.Where(row => row.RunId == run.Id && row.Epoch > 4_000).ExecuteDeleteAsync(Token); }
        var last = rows.Current;
        while (await rows.MoveNextAsync()) { last = rows.Current; }
        Assert.Equal(4_000, last.Epoch);
    }

    /// <summary>A floor far below what is measured (bench -- service), on busy processors too: no speed, but a question that grows with what is stored would be noticed.</summary>
    [Theory, OnBothStores]
    public async Task Epochs_are_stored_by_hundreds_a_second_at_least(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        var run = await host.ClaimedRun();
        await host.Record(run, [.. Enumerable.Range(1, 500).Select(epoch => Epoch(epoch))]);
        var clock = Stopwatch.StartNew();
        for (var part = 1; part <= 10; part++) { Assert.True(await host.Record(run, [.. Enumerable.Range((part * 500) + 1, 500).Select(epoch => Epoch(epoch))])); }
        Assert.InRange(5_000 / clock.Elapsed.TotalSeconds, 200, double.MaxValue);
        Assert.Equal(5_500, (await host.Read(run.Id)).Summaries["trainLoss"].Count);
    }
}
