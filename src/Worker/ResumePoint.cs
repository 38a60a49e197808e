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

    /// <summary>
    /// The registered checkpoint, if its file is what was registered; else the one before, with the problem. No path for a fresh start.
    /// </summary>
    public static async Task<(string? Path, string? Problem)> Find(ClaimedRun run)
    {
        if (run.CheckpointPath is not { } registered) { return (null, null); }

        var name = Path.GetFileName(registered);
        var all = Directory.Exists(run.ArtifactsFolder) ? Directory.GetFiles(run.ArtifactsFolder, "*" + Path.GetExtension(name), SearchOption.AllDirectories) : [];
        var candidates = all.Where(path => Path.GetFileName(path) == name).ToList();
        foreach (var path in candidates)
        {
            if (await Sha256(path) == run.CheckpointSha256) { return (path, null); }
        }

        // Names sort as their epochs do. The Trainer itself passes over a file that is not sound.
        var before = all.Where(path => string.CompareOrdinal(Path.GetFileName(path), name) < 0).MaxBy(Path.GetFileName, StringComparer.Ordinal);
        var problem = candidates.Count == 0 ? "is gone" : $"is damaged: no file of that name has SHA-256 {run.CheckpointSha256}";
        return (before, $"checkpoint {name} {problem}; training continues from {(before is null ? "the first epoch" : Path.GetFileName(before))}");
    }

    private static async Task<string> Sha256(string path)
    {
        await using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file));
    }
}
