using Contracts;
using DeepGnn.Sampling;

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
        return Transformed(data, set, rowNormalize: data.RowNormalize && entry.Format != DatasetFormat.Jhmdb);
    }

    private static GraphCollection Transformed(DataSpec data, GraphCollection set, bool rowNormalize)
    {
        var graphs = set.Graphs.Select(sample =>
        {
            var graph = data.Undirected ? sample.Graph.Undirected() : sample.Graph;
            return sample with
            {
                Graph = data.SelfLoops ? graph.WithSelfLoops() : graph,
                Features = rowNormalize ? sample.Features.RowNormalized() : sample.Features,
            };
        }).ToList();
        return set with { Graphs = data.Standardize ? Standardized(graphs, set.Splits[data.Split].Train) : graphs };
    }

    private static List<GraphSample> Standardized(List<GraphSample> graphs, int[] train)
    {
        var first = new int[graphs.Count + 1];
        for (var g = 0; g < graphs.Count; g++) { first[g + 1] = first[g] + graphs[g].Graph.NodeCount; }

        int[] rows = [.. train.SelectMany(g => Enumerable.Range(first[g], first[g + 1] - first[g]))];
        var all = DisjointBatch.Of(graphs).Features.Standardized(rows);
        return [.. graphs.Select((sample, g) => sample with { Features = all.Pick([.. Enumerable.Range(first[g], first[g + 1] - first[g])]) })];
    }

    private static GraphCollection ReadTu(string name, string path) =>
        path.EndsWith("_A.txt", StringComparison.Ordinal) ? TuFolderReader.Read(name, path) : TuGraphReader.Read(name, path);
}
