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
        var longest = 0.0;
        async Task Cancel(Guid run, HttpStatusCode needed)
        {
            var clock = Stopwatch.StartNew();
            using var answer = await site.Http.PostAsync($"/api/v1/runs/{run}/cancel", null, site.Stop);
            Require.Equal(needed, answer.StatusCode, $"answer to cancel of a run that is {(await site.Read(run)).Status}");
            longest = Math.Max(longest, clock.Elapsed.TotalSeconds);
        }

        var queued = (await site.Post(Undisturbed.Spec(10))).Id;
        await Cancel(queued, HttpStatusCode.Accepted);
        Require.Equal(RunStatus.Cancelled, (await site.Read(queued)).Status, "a queued run that was cancelled");
        await Cancel(queued, HttpStatusCode.Accepted);

        site.StartWorker("worker-a");
        var running = (await site.Post(Undisturbed.Spec(5_000))).Id;
        await site.Reached(running, 20);
        var since = Stopwatch.StartNew();
        await Cancel(running, HttpStatusCode.Accepted);
        await Cancel(running, HttpStatusCode.Accepted);
        await site.RunThat(running, row => row.Status == RunStatus.Cancelled, "run to be cancelled", 10);
        var effective = since.Elapsed.TotalSeconds;

        // Cancelled in the moment of the claim, before there is a Trainer to stop.
        var starting = (await site.Post(Undisturbed.Spec(5_000))).Id;
        await site.RunThat(starting, row => row.Status == RunStatus.Running, "run to be claimed");
        await Cancel(starting, HttpStatusCode.Accepted);
        await site.RunThat(starting, row => row.Status == RunStatus.Cancelled, "starting run to be cancelled", 10);

        var done = (await site.Post(Undisturbed.Spec(5))).Id;
        await site.Ended(done);
        await Cancel(done, HttpStatusCode.Conflict);
        Require.Equal(RunStatus.Succeeded, (await site.Read(done)).Status, "a finished run after cancel");
        Require.That(longest < 1, $"longest acknowledgement took {longest:F2} s, needed less than 1");
        Require.That(effective <= 5, $"effective after {effective:F1} s, needed 5");
        return $"acknowledged within {longest:F2} s, a running one ended in {effective:F1} s; queued, starting, running, cancelling, cancelled accepted; succeeded 409";
    }
}
