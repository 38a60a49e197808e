using System.Security.Cryptography;
using Contracts;
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
    /// The registered checkpoint, if its file is what was registered; else the newest of those before that is, with what is wrong with all that
    /// were passed over. No path for a fresh start. Only then is the store asked for <paramref name="registered"/> ones.
    /// </summary>
    public static async Task<(string? Path, string? Problem)> Find(ClaimedRun run, Func<Task<IReadOnlyList<CheckpointEvent>>> registered)
    {
        if (run.CheckpointPath is not { } path) { return (null, null); }

        var newest = Path.GetFileName(path);
        var files = (Directory.Exists(run.ArtifactsFolder) ? Directory.GetFiles(run.ArtifactsFolder, "*" + Path.GetExtension(newest), SearchOption.AllDirectories) : [])
            .ToLookup(file => Path.GetFileName(file));
        if (await Sound(files[newest], [run.CheckpointSha256!]) is { } sound) { return (sound, null); }

        var problems = new List<string> { files.Contains(newest) ? Damaged(newest, [run.CheckpointSha256!]) : $"checkpoint {newest} is gone" };

        // Names sort as their epochs do. Several attempts may have registered the same epoch; a file that is gone was one too many to keep.
        var before = (await registered()).GroupBy(checkpoint => Path.GetFileName(checkpoint.Path), checkpoint => checkpoint.Sha256)
            .Where(known => string.CompareOrdinal(known.Key, newest) < 0 && files.Contains(known.Key)).OrderByDescending(known => known.Key, StringComparer.Ordinal);
        foreach (var known in before)
        {
            string[] hashes = [.. known.Distinct()];
            if (await Sound(files[known.Key], hashes) is { } older) { return (older, Told(problems, known.Key)); }
            problems.Add(Damaged(known.Key, hashes));
        }
        return (null, Told(problems, "the first epoch"));
    }

    private static string Damaged(string name, string[] hashes) => $"checkpoint {name} is damaged: no file of that name has SHA-256 {string.Join(" or ", hashes)}";

    private static string Told(List<string> problems, string from) => $"{string.Join("; ", problems)}; training continues from {from}";

    private static async Task<string?> Sound(IEnumerable<string> files, IReadOnlyList<string> hashes)
    {
        foreach (var file in files)
        {
            if (await Sha256(file) is { } hash && hashes.Contains(hash)) { return file; }
        }
        return null;
    }

    private static async Task<string?> Sha256(string path)
    {
        try
        {
            await using var file = File.OpenRead(path);
            return Convert.ToHexStringLower(await SHA256.HashDataAsync(file));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException) { return null; } // as good as damaged
    }
}
