namespace Contracts;

/// <summary>
/// Data sets that users bring: <c>own/NAME</c> is the folder <c>own/NAME</c> with a <c>dataset.json</c>, or the file <c>own/NAME.zip</c>,
/// in a data folder.
/// The layout is described in docs/own-data.md.
/// </summary>
internal static class OwnDatasets
{
    private const string Prefix = "own/";
    private const int MaxListed = 1_000;

    public static DatasetEntry? Find(string name)
    {
        if (!name.StartsWith(Prefix, StringComparison.Ordinal) || !IsName(name[Prefix.Length..])) { return null; }

        var own = name[Prefix.Length..];
        return new()
        {
            Name = name,
            Title = own,
            Task = DatasetTasks.NodeClassification,
            Source = "own data",
            Format = DatasetFormat.Own,
            Places = ["own"],
            Files = [new($"{own}/dataset.json") { OtherNames = [$"{own}.zip"] }],
        };
    }

    /// <summary>All sets that lie in the folders, by name.</summary>
    public static IEnumerable<DatasetEntry> In(IReadOnlyList<string> folders) => folders
        .Select(folder => Path.Combine(folder, "own"))
        .Where(Directory.Exists)
        .SelectMany(own => Directory.EnumerateFileSystemEntries(own, "*", new EnumerationOptions()).Take(MaxListed))
        .Select(path => Path.GetExtension(path) == ".zip" ? Path.GetFileNameWithoutExtension(path) : Path.GetFileName(path))
        .Distinct()
        .Order(StringComparer.Ordinal)
        .Select(name => Find(Prefix + name))
        .OfType<DatasetEntry>()
        .Where(entry => entry.Locate(folders) is not null);

    private static bool IsName(string name) =>
        name.Length is > 0 and <= 100 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}
