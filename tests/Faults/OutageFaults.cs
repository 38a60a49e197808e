using Contracts;
using Npgsql;
using Runs;
using Testing;

namespace Faults;

/// <summary>Postgres is away in mid-training; machines whose clock is wrong.</summary>
internal static class OutageFaults
{
    public static Fault[] List { get; } =
    [
        new("Postgres stopped for 5 s in mid-training", true, site => Outage(site, 5)),
        new("Postgres stopped for 20 s in mid-training", false, site => Outage(site, 20)),
        new("Postgres stopped for 60 s in mid-training", false, site => Outage(site, 60)),
        new("worker cut off from the store for 60 s, another takes over", false, CutOff),
        new("spool of a worker killed during the outage, started again", true, site => LeftSpool(site, "worker-a")),
        new("spool of a dead worker, another one starts on its disk", false, site => LeftSpool(site, "worker-b")),
        new("worker's clock one hour ahead", false, site => Clock(site, "+3600")),
        new("worker's clock one hour behind", false, site => Clock(site, "-3600")),
    ];

    private static async Task<string> Outage(Site site, int seconds)
    {
        var spec = await Undisturbed.Lasting(seconds + 10, site.Stop);
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

    private static async Task<string> CutOff(Site site)
    {
        var spec = await Undisturbed.Lasting(75, site.Stop);
        var run = await site.Queue(spec);
        var server = new NpgsqlConnectionStringBuilder(site.Database);
        await using var wire = new Wire(server.Port);
        server.Port = wire.Port;
        var lonely = site.StartWorker("worker-a", 1, ("ConnectionStrings__Runs", server.ToString()));
        await site.Reached(run, 250);
        await site.IsReady(site.StartWorker("worker-b"));
        var trainer = lonely.Children().Single();
        var since = DateTimeOffset.UtcNow;
        wire.Cut();
        TimeSpan gone;
        try
        {
            await site.Eventually(() => Task.FromResult(!LinuxProcess.IsAlive(trainer)), "the Trainer that is cut off to be gone", 30);
            gone = DateTimeOffset.UtcNow - since;
            var left = TimeSpan.FromSeconds(60) - gone;
            await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, site.Stop);
        }
        finally { wire.Mend(); }
        await site.Ended(run, 400);
        var taken = (await site.Events(run)).First(e => e.Attempt == 2).At - since;
        Require.That(gone < taken, $"the Trainer that was cut off trained for {gone.TotalSeconds:F1} s, another had the run after {taken.TotalSeconds:F1} s");
        Require.That(taken.TotalSeconds <= 40, $"another worker had the run after {taken.TotalSeconds:F1} s, needed 40: 30 to notice and some to claim and start");
        Require.That(!lonely.HasExited, "the worker that was cut off died");
        return $"its Trainer was gone after {gone.TotalSeconds:F1} s, another worker had the run after {taken.TotalSeconds:F1} s; {await site.IsWhole(run, spec)}";
    }

    private static async Task<string> LeftSpool(Site site, string heir)
    {
        var spec = await Undisturbed.Lasting(25, site.Stop);
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
        var spec = await Undisturbed.Lasting(60, site.Stop);
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
        Require.Equal(RunStatus.Running, (await site.Read(run)).Status, "the run before its worker is killed");
        await wrong.Kill();
        wrong.Restart();
        await site.Ended(run, 400);
        return $"events {skew.TotalMinutes:F0} min from the store's clock; no attempt was taken for lost; {await site.IsWhole(run, spec)}";
    }
}
