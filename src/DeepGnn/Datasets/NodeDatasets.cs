using Contracts;

namespace DeepGnn.Datasets;

/// <summary>The one way to a node data set: by its name in the catalogue.</summary>
public static class NodeDatasets
{
    /// <summary>
    /// Reads or generates the set that a run asks for and checks all of it: edges and labels in range, finite features, splits that are
    /// disjoint, labelled and not empty. Features are row-normalised where the spec says so.
    /// </summary>
    /// <param name="data">Name, split and settings.</param>
    /// <param name="folders">Data folders in the order they are searched: see <see cref="DatasetCatalog.Folders"/>.</param>
    /// <param name="download">Fetches a set that is in none of the folders; null to use what is there.</param>
    /// <exception cref="DataException">The files are missing, damaged or inconsistent.</exception>
    /// <exception cref="DataSpecException">There is no such set or split, it has several labels for each node, or settings do not belong
    /// to it.</exception>
    public static NodeDataset Load(DataSpec data, IReadOnlyList<string> folders, DatasetDownload? download = null) =>
        LoadFor(DatasetTasks.NodeClassification, data, folders, download);

    /// <summary>The same for a set whose nodes have several yes-or-no labels: see <see cref="NodeDataset.Targets"/>.</summary>
    public static NodeDataset LoadMultiLabel(DataSpec data, IReadOnlyList<string> folders, DatasetDownload? download = null) =>
        LoadFor(DatasetTasks.MultiLabelNodeClassification, data, folders, download);

    private static NodeDataset LoadFor(string task, DataSpec data, IReadOnlyList<string> folders, DatasetDownload? download)
    {
        var entry = DatasetFiles.Find(data);
        if (entry.Task != task) { throw DatasetFiles.WrongTask(entry, task); }
        if (data.Sbm is not null && entry.Format != DatasetFormat.BlockModel)
        {
            throw new DataSpecException("$.data.sbm", $"found settings of the generated set beside data set \"{entry.Name}\", needed none");
        }

        var metric = entry.Metric == "rocAuc" ? Metric.RocAuc : Metric.Accuracy;
        var set = entry.Format switch
        {
            DatasetFormat.Planetoid => PlanetoidReader.Read(entry.Name, DatasetFiles.Locate(entry, folders, download)),
            DatasetFormat.Npz => NpzDatasetReader.Read(entry.Name, DatasetFiles.Locate(entry, folders, download)[0], metric),
            DatasetFormat.FacebookPages => SocialGraphs.FacebookPages(entry.Name, DatasetFiles.Locate(entry, folders, download)),
            DatasetFormat.Ogb => OgbReader.Read(entry.Name, OgbReader.FolderOf(DatasetFiles.Locate(entry, folders, download)[0]), metric),
            DatasetFormat.Own => OwnDataReader.Read(entry.Name, DatasetFiles.Locate(entry, folders, download)[0]),
            DatasetFormat.KarateClub => KarateClub.Make(),
            DatasetFormat.BlockModel => BlockModel.Make(data.Sbm ?? new()),
            _ => throw DatasetFiles.WrongTask(entry, task),
        };

        NodeDatasetChecks.Checked(entry.Name, set);
        DatasetFiles.CheckSplit(data, set.Splits.Count);
        return Transformed(data, set);
    }

    private static NodeDataset Transformed(DataSpec data, NodeDataset set)
    {
        if ((data.Undirected || data.SelfLoops) && set.EdgeFeatures is not null)
        {
            throw new DataSpecException(
                data.Undirected ? "$.data.undirected" : "$.data.selfLoops", $"found true for \"{set.Name}\", whose edges have features, needed false");
        }

        var graph = data.Undirected ? set.Graph.Undirected() : set.Graph;
        var features = data.RowNormalize ? set.Features.RowNormalized() : set.Features;
        return set with
        {
            Graph = data.SelfLoops ? graph.WithSelfLoops() : graph,
            Features = data.Standardize ? features.Standardized(set.Splits[data.Split].Train) : features,
        };
    }
}
