using System.ComponentModel;
using System.Diagnostics;
using Contracts;
using Runs;
using Testing;

namespace Faults;

/// <summary>Checkpoints that cannot be written, are damaged, or were written and never registered.</summary>
internal static class CheckpointFaults
{
    public static Fault[] List { get; } =
    [
        new("registered checkpoint damaged", true, site => Damaged(site, all: false)),
        new("all checkpoints damaged", false, site => Damaged(site, all: true)),
        new("kill between rename and register", true, Unregistered),
        new("disk full at checkpoint, then room again", true, site => DiskFull(site, roomAgain: true)),
        new("disk full to the end", false, site => DiskFull(site, roomAgain: false)),
    ];

    private static async Task<string> Damaged(Site site, bool all)
    {
        var spec = Undisturbed.Spec(400, checkpointEvery: 20);
        var run = await site.Queue(spec);
        var worker = site.StartWorker("worker-a");
        await site.Reached(run, site.Random.Next(90, 200));
        await worker.Kill();
        var registered = (await site.Read(run)).CheckpointEpoch;
        await Task.Delay(1_500, site.Stop); // the orphaned Trainer writes its last one
        foreach (var file in Checkpoints(site, run))
        {
            if (!all && EpochOf(file) < registered) { continue; } // newer ones may be in the spool, and are registered first then
            var bytes = await File.ReadAllBytesAsync(file, site.Stop);
            bytes[site.Random.Next(bytes.Length)] ^= 0x40;
            await File.WriteAllBytesAsync(file, bytes, site.Stop);
        }
        worker.Restart();
        await site.Ended(run);
        var from = (await site.Events(run)).Single(e => e.Kind == "started" && e.Attempt == 2).ToEvent().ResumedFromEpoch;
        Require.That(all ? from == 0 : from > 0 && from < registered, $"continued from epoch {from}, the damaged checkpoint was of {registered}");
        return $"checkpoint of epoch {registered} refused, continued from {from}; {await site.IsWhole(run, spec)}";
    }

    private static async Task<string> Unregistered(Site site)
    {
        var spec = Undisturbed.Spec(400, checkpointEvery: 20);
        var run = await site.Queue(spec);
        var worker = site.StartWorker("worker-a");
        await site.Reached(run, 90);
        worker.Signal(LinuxProcess.Stop); // the Trainer goes on and writes files that nobody registers
        var registered = (await site.Read(run)).CheckpointEpoch ?? 0;
        await site.Eventually(() => Task.FromResult(Checkpoints(site, run).Any(file => EpochOf(file) > registered + 20)), "a checkpoint that is not registered", 60);
        await worker.Kill();
        var newest = Checkpoints(site, run).Max(EpochOf);
        worker.Restart();
        await site.Ended(run);
        var from = (await site.Events(run)).Single(e => e.Kind == "started" && e.Attempt == 2).ToEvent().ResumedFromEpoch;
        return $"file of epoch {newest} was never registered; {registered} was, continued from {from}; {await site.IsWhole(run, spec)}";
    }

    private static async Task<string> DiskFull(Site site, bool roomAgain)
    {
        var disk = Directory.CreateTempSubdirectory("gnn-small-disk-").FullName;
        Shell("mount", "-t", "tmpfs", "-o", "size=2m,mode=0777", "tmpfs", disk);
        try
        {
            site.DataFolder = disk;
            var spec = Undisturbed.Spec(500, checkpointEvery: 20);
            var run = await site.Queue(spec);
            site.StartWorker("worker-a");
            await site.Reached(run, 90);
            var ballast = Path.Combine(disk, "ballast");
            Fill(ballast);
            var full = (await site.Read(run)).Epoch;
            if (roomAgain)
            {
                await site.RunThat(run, row => row.Epoch >= full + 80, "training to go on without room");
                File.Delete(ballast);
                await site.Ended(run);
                return $"trained on without checkpoints from epoch {full}; {await site.IsWhole(run, spec)}";
            }
            // Deleting old checkpoints makes room for the next one: the ballast grows into it.
            using var over = CancellationTokenSource.CreateLinkedTokenSource(site.Stop);
            var growing = Task.Run(() => KeepFull(ballast, over.Token));
            Run end;
            try { end = await site.Ended(run, 400); }
            finally
            {
                await over.CancelAsync();
                await growing;
            }
            Require.Equal((RunStatus.Failed, FailureClass.Infrastructure), (end.Status, end.FailureClass), "the run without room for its last checkpoint");
            Require.That(end.FailureMessage!.Contains("space", StringComparison.OrdinalIgnoreCase), $"the message does not say why: {end.FailureMessage}");
            Require.That(Directory.GetFiles(disk, "*.tmp", SearchOption.AllDirectories).Length == 0, "half a checkpoint was left");
            return $"failed as {end.FailureClass} after {end.Attempt} attempts: \"{end.FailureMessage[..Math.Min(90, end.FailureMessage.Length)]}…\"";
        }
        finally
        {
            await site.DisposeAsync();
            Shell("umount", "-l", disk);
            Directory.Delete(disk);
        }
    }

    private static string[] Checkpoints(Site site, Guid run) =>
        Directory.GetFiles(Path.Combine(site.Folder(), "artifacts", run.ToString()), "epoch-*.ckpt", SearchOption.AllDirectories);

    private static int EpochOf(string file) => int.Parse(Path.GetFileNameWithoutExtension(file)["epoch-".Length..], System.Globalization.CultureInfo.InvariantCulture);

    private static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        try { while (true) { file.Write(new byte[4_096]); } }
        catch (IOException) { } // full, as it should be
    }

    private static void KeepFull(string path, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            Fill(path);
            Thread.Sleep(1);
        }
    }

    private static void Shell(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(program, arguments);
            process.WaitForExit();
            Require.Equal(0, process.ExitCode, $"{program} {string.Join(' ', arguments)} (needs root)");
        }
        catch (Win32Exception missing) { throw new FaultException($"{program}: {missing.Message}"); }
    }
}
