using System.Globalization;
using Contracts;

namespace Faults;

/// <summary>The kernel ends a Trainer for want of memory: a control group (version 1 or 2) inside this program's own confines it, and it alone.</summary>
internal static class MemoryFaults
{
    private const long LimitMiB = 600;

    public static Fault[] List { get; } = [new("Trainer killed by the kernel for want of memory", true, KernelKill)];

    private static async Task<string> KernelKill(Site site)
    {
        var group = MakeGroup();
        try
        {
            var trainer = Path.Combine(site.Folder(), "confined-trainer");
            await File.WriteAllTextAsync(trainer, $"#!/bin/sh\necho $$ > '{group}/cgroup.procs' && exec '{ServiceProcess.ProgramOf("Trainer", "trainer")}' \"$@\"\n", site.Stop);
            if (!OperatingSystem.IsWindows()) { File.SetUnixFileMode(trainer, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute); }
            var large = await site.Queue(Undisturbed.Spec(3) with
            {
                Data = new DataSpec { Dataset = "sbm", Sbm = new SbmSpec { Nodes = 40_000 } },
                Model = new ModelSpec { Convolution = Convolution.Gen, Backbone = Backbone.ResPlus, Layers = 112, HiddenChannels = 128 },
            });
            var small = await site.Queue(Undisturbed.Spec(20));
            site.StartWorker("worker-a", 1, ("Worker__Trainer", trainer));
            var failed = await site.Ended(large);
            Require.Equal((RunStatus.Failed, (FailureClass?)FailureClass.OutOfMemory, 1), (failed.Status, failed.FailureClass, failed.Attempt), $"the run beyond the limit ({failed.FailureMessage})");
            Require.That(failed.FailureMessage!.Contains("signal 9", StringComparison.Ordinal), $"not the kernel's doing: {failed.FailureMessage}");
            Require.That(failed.FailureMessage.Contains("fits with", StringComparison.Ordinal), $"no advice: {failed.FailureMessage}");
            await site.Ended(small);
            return $"failed as {failed.FailureClass} in 1 attempt, \"{failed.FailureMessage}\"; the next run {await site.IsWhole(small, Undisturbed.Spec(20))}";
        }
        finally
        {
            await site.DisposeAsync(); // its processes leave the group first
            Directory.Delete(group);
        }
    }

    private static string MakeGroup()
    {
        try
        {
            var own = File.ReadAllLines("/proc/self/cgroup").Select(line => line.Split(':', 3)).ToList();
            var first = own.Find(line => line[1].Split(',').Contains("memory"));
            var root = first is null ? "/sys/fs/cgroup" + own.Find(line => line[0] == "0")![2] : "/sys/fs/cgroup/memory" + first[2];
            var group = Directory.CreateDirectory(Path.Combine(root, $"gnn-faults-{Environment.ProcessId}")).FullName;
            File.WriteAllText(Path.Combine(group, first is null ? "memory.max" : "memory.limit_in_bytes"), (LimitMiB << 20).ToString(CultureInfo.InvariantCulture));
            return group;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException) { throw new FaultException($"needed a memory control group that can be written (root): {refused.Message}"); }
    }
}
