using System.Diagnostics;
using Contracts;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Runs;

namespace Faults;

/// <summary>Tickets, claims and batches that come twice, late, or not at all.</summary>
internal static class TicketFaults
{
    public static Fault[] List { get; } =
    [
        new("ticket delivered five times", true, Doubled),
        new("ticket lost", true, Lost),
        new("two workers race for one run, 200 times", true, Race),
        new("batch sent twice, late and out of order", true, Batches),
        new("an event that the store refuses for ever", true, Refused),
    ];

    private static async Task<string> Doubled(Site site)
    {
        var spec = Undisturbed.Spec(120);
        var run = await site.Queue(spec);
        var bell = await site.Get<TrainBell>();
        for (var i = 0; i < 4; i++) { bell.Ring(); }
        site.StartWorker("worker-a", slots: 2);
        site.StartWorker("worker-b", slots: 2);
        await site.Ended(run);
        Require.Equal(1, (await site.Read(run)).Attempt, "attempts");
        return await site.IsWhole(run, spec);
    }

    private static async Task<string> Lost(Site site)
    {
        var spec = Undisturbed.Spec(120);
        var run = await site.Queue(spec);
        await using (var connection = new NpgsqlConnection(site.Database))
        {
            await connection.OpenAsync(site.Stop);
            await using var command = new NpgsqlCommand("DELETE FROM hangfire.jobqueue", connection);
            Require.Equal(1, await command.ExecuteNonQueryAsync(site.Stop), "tickets waiting");
        }
        var worker = site.StartWorker("worker-a");
        await site.IsReady(worker);
        var clock = Stopwatch.StartNew();
        await site.RunThat(run, row => row.Status != RunStatus.Queued, "the run to be claimed", 20);
        var late = clock.Elapsed.TotalSeconds;
        await site.Ended(run);
        return $"claimed {late:F1} s after the worker was ready; {await site.IsWhole(run, spec)}";
    }

    private static async Task<string> Race(Site site)
    {
        var queue = await site.Get<RunQueue>();
        var spec = Undisturbed.Spec(1);
        var clock = new Stopwatch();
        for (var round = 0; round < 200; round++)
        {
            var run = await site.Queue(spec);
            clock.Start();
            var claims = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(() => queue.Claim($"worker-{i}", site.Stop))));
            clock.Stop();
            var won = claims.OfType<ClaimedRun>().ToList();
            Require.Equal(1, won.Count, $"round {round}: winners");
            Require.Equal((run, 1), (won[0].Id, won[0].Attempt), $"round {round}: what was won");
        }
        return $"one winner of four in each of 200 rounds, {clock.Elapsed.TotalMilliseconds / 200:F1} ms a round";
    }

    private static async Task<string> Batches(Site site)
    {
        var (queue, recorder) = (await site.Get<RunQueue>(), await site.Get<RunRecorder>());
        var id = await site.Queue(Undisturbed.Spec(100));
        var run = (await queue.Claim("worker-a", site.Stop))!;
        TrainerEvent[] Part(int from, int to) => [.. Enumerable.Range(from, to - from + 1).Select(Epoch)];
        var (early, middle, late) = (Part(1, 20), Part(21, 40), Part(41, 60));
        foreach (var batch in new[] { early, late, middle, early, late, [.. early, .. middle] })
        {
            Require.That(await recorder.Record(run.Id, run.Attempt, batch, site.Stop), "the batch was refused");
        }
        var all = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => recorder.Record(run.Id, run.Attempt, Part(61, 80), site.Stop))));
        Require.That(all.All(held => held), "a batch sent by eight at once was refused");
        Require.That((await site.Epochs(id)).Select(row => row.Epoch).Order().SequenceEqual(Enumerable.Range(1, 80)), "epochs are not stored once each");
        Require.Equal(80, (await site.Read(id)).Epoch, "last epoch of the run");

        await queue.HandBack(run.Id, run.Attempt, site.Stop);
        var next = (await queue.Claim("worker-b", site.Stop))!;
        Require.That(!await recorder.Record(run.Id, run.Attempt, Part(81, 90), site.Stop), "a batch of the attempt before was stored");
        Require.That(await recorder.Record(next.Id, next.Attempt, [Finished()], site.Stop), "the end was refused");
        Require.That(!await recorder.Record(next.Id, next.Attempt, Part(81, 90), site.Stop), "a batch after the end was stored");
        return "80 epochs once each; the attempt before and epochs after the end are refused";
    }

    private static async Task<string> Refused(Site site)
    {
        var bad = await site.Queue(Undisturbed.Spec(40) with { Name = "say=10:poison delay=10" });
        await using (var connection = new NpgsqlConnection(site.Database))
        {
            await connection.OpenAsync(site.Stop);
            await using var command = new NpgsqlCommand("ALTER TABLE events ADD CHECK (message <> 'poison')", connection);
            await command.ExecuteNonQueryAsync(site.Stop);
        }
        site.StartFakeWorker("worker-a");
        var good = await site.Queue(Undisturbed.Spec(10) with { Name = "delay=5" });
        var run = await site.Ended(bad, 60);
        await site.Ended(good, 60);
        Require.Equal(RunStatus.Succeeded, run.Status, "the run with the refused event");
        Require.That((await site.Epochs(bad)).Select(row => row.Epoch).SequenceEqual(Enumerable.Range(1, 40)), "its epochs are not stored once each");
        var told = (await site.Events(bad)).Where(e => e.Message.Contains("refused", StringComparison.Ordinal)).ToList();
        Require.Equal(1, told.Count, "events that tell of the refusal");
        return $"told in the run's log, every other event stored, the slot goes on: \"{told[0].Message[..Math.Min(80, told[0].Message.Length)]}…\"";
    }

    private static EpochEvent Epoch(int epoch) => new() { At = DateTimeOffset.UtcNow, Epoch = epoch, TrainLoss = 1.0 / epoch, ValidMetric = 0.5 };

    private static FinishedEvent Finished() => new() { At = DateTimeOffset.UtcNow, Epochs = 80, BestEpoch = 1, BestValidMetric = 0.5 };
}
