using Contracts;

namespace DeepGnn.Datasets;

/// <summary>From what a run asks for to the files it means; the same for every kind of data set.</summary>
internal static class DatasetFiles
{
    public static DatasetEntry Find(DataSpec data) =>
        DatasetCatalog.Find(data.Dataset) ?? throw new DataSpecException("$.data.dataset", DatasetCatalog.UnknownName(data.Dataset));

    public static DataSpecException WrongTask(DatasetEntry entry, string needed) =>
        new("$.data.dataset", $"found \"{entry.Name}\" for {entry.Task}, needed a set for {needed}");

    public static void CheckSplit(DataSpec data, int splits)
    {
        if (data.Split < 0 || data.Split >= splits)
        {
            throw new DataSpecException("$.data.split", $"found {data.Split}, needed 0 to {splits - 1} for data set \"{data.Dataset}\"");
        }
    }

    /// <summary>Full paths of the set's files, in their order, fetched where they are missing and a download is given.</summary>
    public static IReadOnlyList<string> Locate(DatasetEntry entry, IReadOnlyList<string> folders, DatasetDownload? download)
    {
        if (entry.Locate(folders) is { } found) { return found; }
        if (download is not null && entry.Downloadable) { return download.Fetch(entry); }

        var missing = $"found none of the folders {string.Join(":", folders)} with {string.Join(", ", entry.Files.Select(file => file.Name))}, "
            + $"needed them in one folder, for example {entry.Places[0]} (set {DatasetCatalog.FoldersVariable})";
        throw new DataException(entry.Name, missing);
    }
}
