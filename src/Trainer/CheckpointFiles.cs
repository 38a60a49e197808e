using System.Globalization;

namespace Trainer;

/// <summary>Names and number of the checkpoints in a run's folder.</summary>
internal static class CheckpointFiles
{
    // The one before the newest stays, in case the newest turns out to be damaged.
    private const int Kept = 2;

    public static string PathFor(string folder, int epoch)
    {
        Directory.CreateDirectory(folder);
        return Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"epoch-{epoch:D7}.ckpt"));
    }

    /// <summary>The one asked for, then those of the folder from the newest to the oldest.</summary>
    public static IEnumerable<string> Candidates(string asked, string? folder) =>
        NewestFirst(folder).Where(path => Path.GetFullPath(path) != Path.GetFullPath(asked)).Prepend(asked);

    public static void KeepNewest(string folder, string? best)
    {
        foreach (var path in NewestFirst(folder).Skip(Kept).Where(path => path != best)) { File.Delete(path); }
    }

    private static IEnumerable<string> NewestFirst(string? folder) =>
        folder is not null && Directory.Exists(folder)
            ? Directory.GetFiles(folder, "epoch-*.ckpt").OrderDescending(StringComparer.Ordinal)
            : [];
}
