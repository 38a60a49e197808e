using System.Security.Cryptography;
using Runs;

namespace Worker;

/// <summary>
/// The checkpoint an attempt continues from. Each attempt writes to a folder of its own, so that one that was given up but lives on
/// cannot spoil what its successor reads; a registered checkpoint is therefore looked for in all of them, by name and hash.
/// </summary>
internal static class ResumePoint
{
    public static string FolderOf(ClaimedRun run) => Path.Combine(run.ArtifactsFolder, $"attempt-{run.Attempt}");

    /// <summary>No path for a fresh start, with the problem when there should have been one.</summary>
    public static async Task<(string? Path, string? Problem)> Find(ClaimedRun run)
    {
        if (run.CheckpointPath is not { } registered) { return (null, null); }

        var name = Path.GetFileName(registered);
        var candidates = Directory.Exists(run.ArtifactsFolder) ? Directory.GetFiles(run.ArtifactsFolder, name, SearchOption.AllDirectories) : [];
        foreach (var path in candidates)
        {
            if (await Sha256(path) == run.CheckpointSha256) { return (path, null); }
        }

        return (null, candidates.Length == 0
            ? $"checkpoint {name} is gone; training starts again from the first epoch"
            : $"checkpoint {name} is damaged: found no file of that name with SHA-256 {run.CheckpointSha256}; training starts again from the first epoch");
    }

    /// <summary>Once the run is over nobody continues from what earlier attempts left.</summary>
    public static void ForgetEarlierAttempts(ClaimedRun run)
    {
        foreach (var folder in Directory.GetDirectories(run.ArtifactsFolder, "attempt-*").Where(folder => folder != FolderOf(run)))
        {
            try { Directory.Delete(folder, recursive: true); }
            catch (IOException) { } // one that was given up may still write there; it wastes space, no more
        }
    }

    private static async Task<string> Sha256(string path)
    {
        await using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file));
    }
}
