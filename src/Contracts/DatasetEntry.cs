namespace Contracts;

/// <summary>A data set known by name: what it is, and which files it is read from.</summary>
public sealed record DatasetEntry
{
    public required string Name { get; init; }
    public required string Title { get; init; }
    public required string Task { get; init; }

    /// <summary>Where it comes from and whom to cite.</summary>
    public required string Source { get; init; }

    public required DatasetFormat Format { get; init; }

    /// <summary>Name of the metric its literature reports, as in <see cref="StartedEvent.Metric"/>.</summary>
    public string Metric { get; init; } = "accuracy";

    /// <summary>Facts as counted from the files; edges are undirected, without loops or repeats.</summary>
    public int? Nodes { get; init; }
    public long? Edges { get; init; }
    public int? Features { get; init; }
    public int? Classes { get; init; }
    public int Splits { get; init; } = 1;

    /// <summary>Folders, relative to a data folder, that may hold the files.</summary>
    public IReadOnlyList<string> Places { get; init; } = [];

    /// <summary>All of them are needed, in one place; none for a set that is built in or generated.</summary>
    public IReadOnlyList<DatasetFile> Files { get; init; } = [];

    /// <summary>Whether every file can be fetched and checked.</summary>
    public bool Downloadable => Files.Count > 0 && Files.All(file => file is { Url: not null, Sha256: not null });

    /// <summary>Full paths of the files, in their order, in the first place that holds them all; null when there is none.</summary>
    public IReadOnlyList<string>? Locate(IReadOnlyList<string> folders)
    {
        foreach (var folder in folders)
        {
            foreach (var place in Places)
            {
                var found = Files.Select(file => file.FindIn(Path.GetFullPath(Path.Combine(folder, place)))).ToList();
                if (found.Count > 0 && found.TrueForAll(path => path is not null)) { return found!; }
            }
        }

        return null;
    }

    public DatasetInfo Describe(IReadOnlyList<string> folders) => new()
    {
        Name = Name,
        Title = Title,
        Task = Task,
        Source = Source,
        Available = Files.Count == 0 || Locate(folders) is not null,
        Nodes = Nodes,
        Edges = Edges,
        Features = Features,
        Classes = Classes,
        Splits = Splits,
    };
}

/// <summary>One file of a data set.</summary>
/// <param name="Name">Its name, and the name a download gets.</param>
public sealed record DatasetFile(string Name)
{
    /// <summary>Other names the same content goes by.</summary>
    public IReadOnlyList<string> OtherNames { get; init; } = [];

    /// <summary>An address pinned to one version of the content, and the content's SHA-256 in lower-case hex.</summary>
    public string? Url { get; init; }
    public string? Sha256 { get; init; }

    public string? FindIn(string folder) => OtherNames.Prepend(Name).Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}

/// <summary>Which reader or generator a data set goes through.</summary>
public enum DatasetFormat
{
    Planetoid,
    Npz,
    KarateClub,
    BlockModel,
    FacebookPages,
    Twitch,
    TuGraphs,
    Ogb,
    Ppi,
    IgnLidar,
    Mosd,
    IndoorRooms,
    S3dis,
    ModelNet40,
    Jhmdb,
    Own,
}

/// <summary>What a data set is for, in the words of <see cref="DatasetEntry.Task"/>.</summary>
public static class DatasetTasks
{
    public const string NodeClassification = "node classification";
    public const string MultiLabelNodeClassification = "multi-label node classification";
    public const string InductiveNodeClassification = "inductive node classification";
    public const string GraphClassification = "graph classification";
    public const string PointCloudSegmentation = "point-cloud segmentation";
    public const string PointCloudClassification = "point-cloud classification";
    public const string SkeletonClassification = "skeleton-clip classification";
}
