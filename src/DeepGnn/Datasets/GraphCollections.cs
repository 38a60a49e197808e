using Contracts;

namespace DeepGnn.Datasets;

/// <summary>The one way to a set of many graphs: by its name in the catalogue.</summary>
public static class GraphCollections
{
    /// <summary>
    /// Reads the set that a run asks for and checks all of it: one feature width, finite features, labels in range, splits that are
    /// disjoint and not empty. Features are row-normalised where the spec says so, but for skeleton clips: coordinates are no counts.
    /// </summary>
    /// <param name="data">Name, split and settings.</param>
    /// <param name="folders">Data folders in the order they are searched: see <see cref="DatasetCatalog.Folders"/>.</param>
    /// <param name="download">Fetches a set that is in none of the folders; null to use what is there.</param>
    /// <exception cref="DataException">The files are missing, damaged or inconsistent.</exception>
    /// <exception cref="DataSpecException">There is no such set or split.</exception>
    public static GraphCollection Load(DataSpec data, IReadOnlyList<string> folders, DatasetDownload? download = null)
    {
        var entry = DatasetFiles.Find(data);
        GraphCollection set = entry.Format switch
        {
            DatasetFormat.Twitch => SocialGraphs.Twitch(entry.Name, DatasetFiles.Locate(entry, folders, download)),
            DatasetFormat.TuGraphs => ReadTu(entry.Name, DatasetFiles.Locate(entry, folders, download)[0]),
            DatasetFormat.Jhmdb => SkeletonGraphs.Of(SkeletonDatasets.Load(data, folders)),
            DatasetFormat.Ppi => PpiReader.Read(entry.Name, DatasetFiles.Locate(entry, folders, download)),
            _ => throw DatasetFiles.WrongTask(entry, $"{DatasetTasks.GraphClassification}, {DatasetTasks.SkeletonClassification} or {DatasetTasks.InductiveNodeClassification}"),
        };

        GraphCollectionChecks.Checked(entry.Name, set);
        DatasetFiles.CheckSplit(data, set.Splits.Count);
        return data.RowNormalize && entry.Format != DatasetFormat.Jhmdb ? set with { Graphs = [.. set.Graphs.Select(graph => graph with { Features = graph.Features.RowNormalized() })] } : set;
    }

    private static GraphCollection ReadTu(string name, string path) =>
        path.EndsWith("_A.txt", StringComparison.Ordinal) ? TuFolderReader.Read(name, path) : TuGraphReader.Read(name, path);
}
