using Contracts;
using Runs;

namespace Worker;

/// <summary>
/// Which checkpoint files of a run stay: the newest two that are registered, the one with the best epoch, and the newest two that were
/// written. The Trainer deletes none of its own accord: it cannot know which of them the store has heard of, and one that only it knows is
/// worth nothing to the next attempt.
/// </summary>
internal sealed class KeptCheckpoints(ClaimedRun run)
{
    private readonly string folder = ResumePoint.FolderOf(run);
    private readonly Lock gate = new();
    private string registered = "";
    private string? best = run.BestCheckpoint;

    /// <summary>The Trainer wrote one. While the store is away those between the registered and the newest would fill the disk.</summary>
    public void Written(CheckpointEvent checkpoint)
    {
        lock (gate)
        {
            if (checkpoint.IsBest) { best = Path.GetFileName(checkpoint.Path); }
            Prune();
        }
    }

    public void Registered(CheckpointEvent checkpoint)
    {
        lock (gate)
        {
            registered = Path.GetFileName(checkpoint.Path);
            Prune();
        }
    }

    /// <summary>Once the run is over nobody continues from what earlier attempts left; only the best epoch is kept.</summary>
    public void ForgetEarlierAttempts()
    {
        foreach (var earlier in Directory.GetDirectories(run.ArtifactsFolder, "attempt-*").Where(path => path != folder))
        {
            try
            {
                foreach (var file in Directory.GetFiles(earlier).Where(path => Path.GetFileName(path) != best)) { File.Delete(file); }
                if (Directory.GetFileSystemEntries(earlier).Length == 0) { Directory.Delete(earlier); }
            }
            catch (IOException) { } // one that was given up may still write there; it wastes space, no more
        }
    }

    // Names sort as their epochs do.
    private void Prune()
    {
        if (!Directory.Exists(folder)) { return; }
        var newestFirst = Directory.GetFiles(folder, "epoch-*.ckpt").OrderDescending(StringComparer.Ordinal).ToList();
        var known = newestFirst.Where(path => string.CompareOrdinal(Path.GetFileName(path), registered) <= 0);
        var kept = newestFirst.Take(2).Concat(known.Take(2)).ToHashSet();
        foreach (var file in newestFirst.Where(path => !kept.Contains(path) && Path.GetFileName(path) != best))
        {
            try { File.Delete(file); }
            catch (IOException) { } // the next one finds it
        }
    }
}
