using System.Diagnostics;
using Contracts;
using Microsoft.EntityFrameworkCore;
using Runs;
using Testing;

namespace Faults;

/// <summary>Processes that are killed or stopped without a word.</summary>
internal static class KillFaults
{
    public static Fault[] List { get; } =
    [
        new("kill -9 of the Trainer", true, Trainer),
        new("kill -9 of the worker, started again", true, Worker),
        new("Standalone killed twice and started again (SQLite)", true, Standalone),
        new("kill -9 of the worker, another takes over", false, TakenOver),
        new("SIGSTOP of the worker, its lease over, then SIGCONT", true, Overtaken),
        new("SIGSTOP of the worker for 60 s, then SIGCONT", false, Stopped),
        new("24 runs, two workers: Trainer, worker or API killed at random", false, AtRandom),
    ];

    private static async Task<string> Trainer(Site site)
    {
        var spec = Undisturbed.Spec(400);
        var run = await site.Queue(spec);
        var worker = site.StartWorker("worker-a");
        await site.Reached(run, site.Random.Next(55, 200));
        LinuxProcess.Signal(worker.Children().Single(), LinuxProcess.Kill);
        await site.Ended(run);
        return await site.IsWhole(run, spec);
    }

    private static async Task<string> Worker(Site site)
    {
        var spec = Undisturbed.Spec(400);
        var run = await site.Queue(spec);
        var worker = site.StartWorker("worker-a");
        await site.Reached(run, site.Random.Next(55, 200));
        await worker.Kill();
        worker.Restart();
        var clock = Stopwatch.StartNew();
        await site.RunThat(run, row => row.Attempt == 2 && row.Epoch > 0 && row.StartedAt is not null && row.Status == RunStatus.Running, "the run to train again");
        await site.Ended(run);
        return $"claimed again in {clock.Elapsed.TotalSeconds:F1} s; {await site.IsWhole(run, spec)}";
    }

    private static async Task<string> Standalone(Site site)
    {
        var spec = Undisturbed.Spec(400);
        var undisturbed = await Undisturbed.Of(spec, site.Stop);
        var service = site.StartStandalone();
        await site.IsReady(service);
        var run = (await site.Post(spec)).Id;
        for (var kill = 1; kill <= 2; kill++)
        {
            await site.Eventually(async () => (await site.Detail(run)).Epoch >= kill * 100, $"epoch {kill * 100}", 120);
            await service.Kill();
            service.Restart();
            await site.IsReady(service);
        }
        await site.Eventually(async () => (await site.Detail(run)).Status is RunStatus.Succeeded or RunStatus.Failed, "the run to end", 240);
        var detail = await site.Detail(run);
        Require.Equal(RunStatus.Succeeded, detail.Status, $"the run ({detail.FailureMessage})");
        var history = await site.History(run);
        Require.That(history.Epochs.Select(point => point.Figures.Epoch).SequenceEqual(Enumerable.Range(1, 400)), "epochs are not stored once each");
        Require.That(history.Epochs.All(point => point.Figures.TrainLoss == undisturbed.Epochs[point.Figures.Epoch].TrainLoss), "losses differ from the undisturbed run's");
        return $"succeeded in {detail.Attempt} attempts, 400 epochs once each, losses as undisturbed to the last bit";
    }

    private static async Task<string> TakenOver(Site site)
    {
        var spec = Undisturbed.Spec(2500);
        var run = await site.Queue(spec);
        var dead = site.StartWorker("worker-a");
        await site.Reached(run, site.Random.Next(55, 150));
        var heir = site.StartWorker("worker-b");
        await site.IsReady(heir);
        var killed = DateTimeOffset.UtcNow;
        await dead.Kill();
        await site.Ended(run);
        var noticed = (await site.Events(run)).Single(e => e.Message.Contains("no sign of life", StringComparison.Ordinal)).At - killed;
        var again = (await site.Epochs(run)).First(row => row.Attempt == 2).At - killed;
        Require.That(noticed.TotalSeconds <= 30, $"noticed after {noticed.TotalSeconds:F1} s, needed 30");
        Require.That(again.TotalSeconds <= 60, $"training again after {again.TotalSeconds:F1} s, needed 60");
        return $"noticed in {noticed.TotalSeconds:F1} s, training again in {again.TotalSeconds:F1} s; {await site.IsWhole(run, spec)}";
    }

    /// <summary>Nobody waits for the lease: it is made to be over, so that the other worker takes the run at once.</summary>
    private static async Task<string> Overtaken(Site site)
    {
        var spec = Undisturbed.Spec(400);
        var run = await site.Queue(spec);
        var zombie = site.StartWorker("worker-a");
        await site.Reached(run, 120);
        var trainer = zombie.Children().Single();
        zombie.Signal(LinuxProcess.Stop);
        await using (var db = (await site.Get<RunStore>()).Open())
        {
            var past = await db.Now(site.Stop) - TimeSpan.FromSeconds(1);
            await db.Runs.Where(row => row.Id == run).ExecuteUpdateAsync(row => row.SetProperty(held => held.LeaseUntil, past), site.Stop);
        }
        site.StartWorker("worker-b");
        await site.RunThat(run, row => row is { Attempt: 2, Worker: "worker-b" }, "the other worker to have the run");
        var before = (await site.Epochs(run)).Count(row => row.Attempt == 1);
        zombie.Signal(LinuxProcess.Continue);
        await site.Eventually(() => Task.FromResult(!LinuxProcess.IsAlive(trainer)), "the old attempt's Trainer to be gone", 60);
        await site.Ended(run);
        Require.Equal(before, (await site.Epochs(run)).Count(row => row.Attempt == 1), "epochs of the attempt that was given up");
        Require.That(!zombie.HasExited, "the worker that woke up died");
        return $"nothing of what the sleeper wrote was stored, its Trainer is gone; {await site.IsWhole(run, spec)}";
    }

    private static async Task<string> Stopped(Site site)
    {
        var spec = await Undisturbed.Lasting(120, site.Stop);
        var run = await site.Queue(spec);
        var zombie = site.StartWorker("worker-a");
        await site.Reached(run, 250);
        var other = site.StartWorker("worker-b");
        await site.IsReady(other);
        var trainer = zombie.Children().Single();
        zombie.Signal(LinuxProcess.Stop);
        await Task.Delay(TimeSpan.FromSeconds(60), site.Stop);
        var taken = await site.Read(run);
        Require.Equal((2, "worker-b", RunStatus.Running), (taken.Attempt, taken.Worker, taken.Status), "the run while its worker is stopped");
        var before = (await site.Epochs(run)).Count(row => row.Attempt == 1);
        zombie.Signal(LinuxProcess.Continue);
        await site.Eventually(() => Task.FromResult(!LinuxProcess.IsAlive(trainer)), "the old attempt's Trainer to be gone", 20);
        await Task.Delay(TimeSpan.FromSeconds(3), site.Stop);
        Require.Equal(before, (await site.Epochs(run)).Count(row => row.Attempt == 1), "epochs of the attempt that was given up");
        Require.That(!zombie.HasExited, "the worker that woke up died");
        await site.Ended(run, 400);
        return $"taken over; nothing of what the sleeper wrote was stored, its Trainer is gone; {await site.IsWhole(run, spec)}";
    }

    private static async Task<string> AtRandom(Site site)
    {
        const int runs = 24;
        var spec = Undisturbed.Spec(500);
        var api = await site.StartApi();
        var posted = new List<Guid>();
        for (var i = 0; i < runs; i++) { posted.Add((await site.Post(spec)).Id); }
        ServiceProcess[] workers = [site.StartWorker("worker-a"), site.StartWorker("worker-b")];
        var kills = new Dictionary<string, int>();
        while (true)
        {
            await Task.Delay(site.Random.Next(1_500, 5_000), site.Stop);
            var rows = new List<Run>();
            foreach (var id in posted) { rows.Add(await site.Read(id)); }
            if (rows.TrueForAll(row => RunTransitions.IsFinal(row.Status))) { break; }

            // A run that has little of its budgets left is left alone: to use them up is another fault's matter.
            var worker = workers[site.Random.Next(2)];
            if (rows.Exists(row => row.Worker == worker.Name && RunTransitions.IsHeld(row.Status) && IsSpent(row))) { continue; }
            await Kill(site, api, worker, kills);
        }
        foreach (var id in posted) { await site.IsWhole(id, spec); }
        var attempts = 0;
        foreach (var id in posted) { attempts += (await site.Read(id)).Attempt; }
        return $"killed {string.Join(", ", kills.OrderBy(kill => kill.Key).Select(kill => $"{kill.Key} {kill.Value}×"))}; all {runs} succeeded in {attempts} attempts, every epoch once, every hash as undisturbed";
    }

    private static bool IsSpent(Run run) =>
        run.InfrastructureFailures >= RetryBudget.Of(FailureClass.Infrastructure) - 2 || run.LostAttempts >= RetryBudget.Of(FailureClass.Lost) - 2;

    private static async Task Kill(Site site, ServiceProcess api, ServiceProcess worker, Dictionary<string, int> kills)
    {
        var victim = site.Random.Next(5);
        if (victim == 0)
        {
            await api.Kill();
            api.Restart();
            kills["API"] = kills.GetValueOrDefault("API") + 1;
        }
        else if (victim < 3)
        {
            await worker.Kill();
            await Task.Delay(site.Random.Next(1_000), site.Stop);
            worker.Restart();
            kills["worker"] = kills.GetValueOrDefault("worker") + 1;
        }
        else if (worker.Children() is [var trainer, ..])
        {
            LinuxProcess.TrySignal(trainer, LinuxProcess.Kill);
            kills["Trainer"] = kills.GetValueOrDefault("Trainer") + 1;
        }
    }
}
