using System.Diagnostics;
using System.Net;
using Contracts;
using Runs;

namespace Faults;

/// <summary>Runs and workers that are told to end.</summary>
internal static class EndFaults
{
    public static Fault[] List { get; } =
    [
        new("SIGTERM: checkpoint, hand back, continue elsewhere", true, Terminated),
        new("cancel in each state", true, Cancelled),
    ];

    private static async Task<string> Terminated(Site site)
    {
        var spec = Undisturbed.Spec(500, checkpointEvery: 0);
        var run = await site.Queue(spec);
        var worker = site.StartWorker("worker-a");
        await site.Reached(run, site.Random.Next(60, 150));
        var clock = Stopwatch.StartNew();
        Require.Equal(0, await worker.Terminate(TimeSpan.FromSeconds(75)), "exit code of the worker");
        var left = clock.Elapsed.TotalSeconds;
        var row = await site.Read(run);
        Require.Equal((RunStatus.Queued, 0), (row.Status, row.LostAttempts), "status and lost attempts after the worker left");
        Require.Equal(row.Epoch, row.CheckpointEpoch, "epoch of the checkpoint");
        site.StartWorker("worker-b");
        await site.Ended(run);
        return $"left in {left:F1} s with a checkpoint of epoch {row.CheckpointEpoch}; {await site.IsWhole(run, spec)}";
    }

    private static async Task<string> Cancelled(Site site)
    {
        await site.StartApi();
        var acknowledged = new List<double>();
        async Task Ask(Guid run, string verb, HttpStatusCode needed)
        {
            var clock = Stopwatch.StartNew();
            using var answer = await site.Http.PostAsync($"/api/v1/runs/{run}/{verb}", null, site.Stop);
            acknowledged.Add(clock.Elapsed.TotalSeconds);
            Require.Equal(needed, answer.StatusCode, $"answer to {verb} of a run that is {(await site.Read(run)).Status}");
        }
        async Task Ends(Guid run, RunStatus status) => Require.Equal(status, (await site.Ended(run, 30)).Status, "the run after cancel");

        // The first request of its kind is compiled: it is told apart.
        var queued = (await site.Post(Undisturbed.Spec(10))).Id;
        await Ask(queued, "cancel", HttpStatusCode.Accepted);
        var first = acknowledged[0];
        acknowledged.Clear();
        Require.Equal(RunStatus.Cancelled, (await site.Read(queued)).Status, "a queued run that was cancelled");
        await Ask(queued, "cancel", HttpStatusCode.Accepted);

        var worker = site.StartWorker("worker-a");
        var running = (await site.Post(Undisturbed.Spec(5_000))).Id;
        await site.Reached(running, 20);
        var since = Stopwatch.StartNew();
        await Ask(running, "cancel", HttpStatusCode.Accepted);
        await Ask(running, "cancel", HttpStatusCode.Accepted);
        await Ends(running, RunStatus.Cancelled);
        var effective = since.Elapsed.TotalSeconds;

        // Cancelled in the moment of the claim, before there is a Trainer to stop.
        var starting = (await site.Post(Undisturbed.Spec(5_000))).Id;
        await site.RunThat(starting, row => row.Status == RunStatus.Running, "run to be claimed");
        await Ask(starting, "cancel", HttpStatusCode.Accepted);
        await Ends(starting, RunStatus.Cancelled);

        var pausing = (await site.Post(Undisturbed.Spec(5_000))).Id;
        await site.Reached(pausing, 20);
        await Ask(pausing, "pause", HttpStatusCode.Accepted);
        await Ask(pausing, "cancel", HttpStatusCode.Accepted);
        await Ends(pausing, RunStatus.Cancelled);

        var paused = (await site.Post(Undisturbed.Spec(5_000))).Id;
        await site.Reached(paused, 20);
        await Ask(paused, "pause", HttpStatusCode.Accepted);
        await site.RunThat(paused, row => row.Status == RunStatus.Paused, "run to be paused", 30);
        await Ask(paused, "cancel", HttpStatusCode.Accepted);
        await Ends(paused, RunStatus.Cancelled);

        var done = (await site.Post(Undisturbed.Spec(5))).Id;
        await site.Ended(done);
        await Ask(done, "cancel", HttpStatusCode.Conflict);
        await Ends(done, RunStatus.Succeeded);

        await worker.Terminate(TimeSpan.FromSeconds(75));
        site.StartFakeWorker("worker-b");
        var failed = (await site.Post(Undisturbed.Spec(10) with { Name = "fail=2:Diverged" })).Id;
        await site.RunThat(failed, row => row.Status == RunStatus.Failed, "run to fail", 60);
        await Ask(failed, "cancel", HttpStatusCode.Conflict);

        acknowledged.Sort();
        var (median, longest) = (acknowledged[acknowledged.Count / 2], acknowledged[^1]);
        Require.That(longest < 1, $"longest acknowledgement took {longest:F2} s (median {median:F2}), needed less than 1");
        Require.That(effective <= 5, $"effective after {effective:F1} s, needed 5");
        return $"acknowledged in {median * 1000:F0} ms (median), {longest * 1000:F0} ms at most, {first * 1000:F0} ms the first time in a fresh process; a running one ended in {effective:F1} s; queued, starting, running, cancelling, pausing, paused, cancelled accepted; succeeded, failed 409";
    }
}
