using Contracts;
using Runs;

namespace Faults;

/// <summary>Postgres is away in mid-training; machines whose clock is wrong.</summary>
internal static class OutageFaults
{
    public static Fault[] List { get; } =
    [
        new("Postgres stopped for 5 s in mid-training", true, site => Outage(site, 5)),
        new("Postgres stopped for 20 s in mid-training", false, site => Outage(site, 20)),
        new("Postgres stopped for 60 s in mid-training", false, site => Outage(site, 60)),
        new("spool of a worker killed during the outage, started again", true, site => LeftSpool(site, "worker-a")),
        new("spool of a dead worker, another one starts on its disk", false, site => LeftSpool(site, "worker-b")),
        new("worker's clock one hour ahead", false, site => Clock(site, "+3600")),
        new("worker's clock one hour behind", false, site => Clock(site, "-3600")),
    ];

    private static async Task<string> Outage(Site site, int seconds)
    {
        var spec = Undisturbed.Spec(1_200);
        var run = await site.Queue(spec);
        site.StartWorker("worker-a");
        site.StartWorker("worker-b");
        await site.Reached(run, 60);
        var (before, since) = ((await site.Read(run)).Epoch, DateTimeOffset.UtcNow);
        site.Postgres.GoAway();
        try { await Task.Delay(TimeSpan.FromSeconds(seconds), site.Stop); }
        finally { site.Postgres.ComeBack(); }
        var until = DateTimeOffset.UtcNow;
        await site.Ended(run, 400);
        Require.Equal(1, (await site.Read(run)).Attempt, "attempts");
        var meanwhile = (await site.Epochs(run)).Count(row => row.At > since && row.At < until);
        Require.That(meanwhile > 0, "training waited for the store");
        return $"{meanwhile} epochs trained meanwhile (from {before}); {await site.IsWhole(run, spec)}";
    }

    private static async Task<string> LeftSpool(Site site, string heir)
    {
        var spec = Undisturbed.Spec(700, checkpointEvery: 100);
        var run = await site.Queue(spec);
        var worker = site.StartWorker("worker-a");
        await site.Reached(run, 120);
        site.Postgres.GoAway();
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(4), site.Stop);
            await worker.Kill();
        }
        finally { site.Postgres.ComeBack(); }
        var stored = 0;
        await site.Eventually(async () => (stored = (await site.Epochs(run)).Count) > 0, "the store to be back", 30);
        if (heir == worker.Name) { worker.Restart(); } else { site.StartWorker(heir); }
        await site.RunThat(run, row => row.Attempt == 2, "the run to be claimed again", 60);
        var late = (await site.Epochs(run)).Count(row => row.Attempt == 1) - stored;
        Require.That(late > 0, "nothing of the spool was stored");
        await site.Ended(run);
        return $"{late} epochs came from the spool; {await site.IsWhole(run, spec)}";
    }

    private static async Task<string> Clock(Site site, string seconds)
    {
        var library = ClockShift.Build(site.Folder());
        var spec = Undisturbed.Spec(400);
        var run = await site.Queue(spec);
        var wrong = site.StartWorker("worker-a", 1, ("LD_PRELOAD", library), ("CLOCK_SHIFT_SECONDS", seconds));
        await site.Reached(run, 60);
        var skew = (await site.Epochs(run))[0].At - DateTimeOffset.UtcNow;
        Require.That(Math.Abs(skew.TotalSeconds) > 3_000, $"the clock was not shifted (events are {skew.TotalSeconds:F0} s from now)");
        var right = site.StartWorker("worker-b");
        await site.IsReady(right);

        // Longer than a lease: neither worker may think the other's over.
        await Task.Delay(RunQueue.Lease + TimeSpan.FromSeconds(5), site.Stop);
        Require.Equal(1, (await site.Read(run)).Attempt, "attempts while both live");
        await wrong.Kill();
        wrong.Restart();
        await site.Ended(run);
        return $"events {skew.TotalMinutes:F0} min from the store's clock; no attempt was taken for lost; {await site.IsWhole(run, spec)}";
    }
}
