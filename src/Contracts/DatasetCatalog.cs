namespace Contracts;

/// <summary>The data sets this service knows by name, and the folders they are looked for in.</summary>
public static class DatasetCatalog
{
    /// <summary>Names colon-separated folders; each is searched for the places of <see cref="DatasetEntry.Places"/>.</summary>
    public const string FoldersVariable = "GNN_DATA";

    /// <summary>Names the folder for downloads, when the default does not suit.</summary>
    public const string CacheVariable = "GNN_DATA_CACHE";

    /// <summary>The sets a run can be trained on.</summary>
    public static IReadOnlyList<DatasetEntry> Entries { get; } =
        [.. KnownDatasets.All, .. OtherTasks.All];

    /// <summary>A set of any task, or one of the user's own.</summary>
    public static DatasetEntry? Find(string name) =>
        Entries.FirstOrDefault(entry => entry.Name == name) ?? OwnDatasets.Find(name);

    /// <summary>
    /// The sets of <see cref="Entries"/>, those in <paramref name="folders"/> marked as available, and the user's own there.
    /// </summary>
    public static IReadOnlyList<DatasetInfo> List(IReadOnlyList<string> folders) =>
        [.. Entries.Concat(OwnDatasets.In(folders)).Select(entry => entry.Describe(folders))];

    /// <summary>What to tell someone who asked for a set that does not exist.</summary>
    public static string UnknownName(string name)
    {
        var near = Entries.Select(entry => entry.Name).Where(known => IsNear(known, name)).ToList();
        var hint = near.Count > 0 ? $"; did you mean {string.Join(" or ", near)}?" : "";
        var found = name.Length > 100 ? name[..100] + "…" : name;
        return $"found data set \"{found}\", needed one of {string.Join(", ", Entries.Select(entry => entry.Name))}{hint}";
    }

    /// <summary>The folders of <see cref="FoldersVariable"/>, then the download cache.</summary>
    public static IReadOnlyList<string> Folders()
    {
        var named = Environment.GetEnvironmentVariable(FoldersVariable) ?? "";
        return [.. named.Split(':', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries), CacheFolder()];
    }

    /// <summary>Where downloads land: <see cref="CacheVariable"/>, else <c>gnn-data</c> in the user's cache folder.</summary>
    public static string CacheFolder()
    {
        if (Environment.GetEnvironmentVariable(CacheVariable) is { Length: > 0 } named) { return named; }

        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(cache))
        {
            cache = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        }

        return Path.Combine(cache, "gnn-data");
    }

    private static bool IsNear(string known, string asked)
    {
        // Names are short; a long one is no slip of the finger, and the distance costs time in the product of the lengths.
        if (asked.Length is 0 or > 40) { return false; }

        var plain = asked.ToLowerInvariant().Replace('_', '-').Replace(' ', '-');
        return plain.Length > 2 && (known.Contains(plain, StringComparison.Ordinal) || plain.Contains(known, StringComparison.Ordinal))
            || Distance(known, plain) <= Math.Max(1, known.Length / 3);
    }

    /// <summary>Levenshtein distance: the fewest insertions, deletions and substitutions that turn one into the other.</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(change, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[b.Length];
    }
}
