namespace Contracts;

/// <summary>How large a data set is, as a graph and in memory.</summary>
internal sealed record MemoryOfData
{
    /// <summary>
    /// Measured, in MiB: what a Trainer process holds more than with the karate club when it has loaded the set, and the most it holds while it
    /// loads, above <see cref="MemoryEstimate.ProcessBase"/>; and its train nodes. Where there are several graphs: how many, and nodes and
    /// directed edges of the largest.
    /// </summary>
    private static readonly Dictionary<string, Known> Measured = new()
    {
        ["karate"] = new(0, 0, 6), ["cora"] = new(3, 0, 140), ["amazon-photo"] = new(27, 81, 160), ["coauthor-cs"] = new(27, 36, 300), ["actor"] = new(5, 47, 3_648),
        ["chameleon-filtered"] = new(3, 4, 409), ["texas"] = new(3, 0, 87), ["tolokers"] = new(12, 26, 5_879), ["minesweeper"] = new(4, 0, 5_000), ["facebook-pages"] = new(31, 28, 13_482),
        ["twitch"] = new(26, 30, 0, 7, 9_498, 315_774), ["mutag"] = new(0, 0, 0, 188, 28, 66), ["proteins"] = new(4, 0, 0, 1_113, 620, 2_098), ["enzymes"] = new(2, 0, 0, 600, 126, 298),
        ["jhmdb"] = new(50, 45, 0, 1_827, 480, 1_826), ["rooms"] = new(9, 1, 0, 30), ["ign-lidar"] = new(8, 8, 0, 10), ["mosd"] = new(20, 19, 0, 22),
    };

    private readonly record struct Known(int Held, int Loading, int Train, int Graphs = 1, int LargestNodes = 0, long LargestEdges = 0);

    public required string Task { get; init; }
    public long Nodes { get; init; }
    public long Edges { get; init; }
    public long Features { get; init; }
    public long Classes { get; init; }
    /// <summary>Share of the features that are stored: bags of words are almost all zero.</summary>
    public double StoredShare { get; init; } = 1;
    public long TrainNodes { get; init; }

    /// <summary>Different neighbours that a node draws, of as many as the mean degree allows: in what is read most have few, and many lead to the same. Measured.</summary>
    public double DrawnShare { get; init; } = 0.6;

    public int Graphs { get; init; } = 1;
    public long LargestNodes { get; init; }
    public long LargestEdges { get; init; }

    /// <summary>Held during the training, with what the first epoch makes of it.</summary>
    public long LoadedBytes { get; init; }

    /// <summary>The most that is held above <see cref="MemoryEstimate.ProcessBase"/> while it is loaded.</summary>
    public long LoadingBytes { get; init; }
    public string? Assumed { get; init; }

    /// <summary>Null where the catalogue does not know the number of nodes.</summary>
    public static MemoryOfData? Of(RunSpec spec, DatasetInfo data)
    {
        if (data.Name == "sbm") { return Generated(spec.Data.Sbm ?? new()); }
        if (data.Nodes is not { } nodes) { return null; }

        const int usualDegree = 20;
        var clouds = IsCloud(data.Task);
        var assumed = new List<string>();
        if (data.Edges is null && !clouds) { assumed.Add($"{usualDegree} edges a node"); }
        if (data.Features is null) { assumed.Add("128 features"); }
        if (data.Classes is null) { assumed.Add("10 classes"); }
        // The catalogue counts undirected edges once, the graph both directions.
        var edges = (2 * data.Edges) ?? (clouds ? 0 : usualDegree * (long)nodes);
        var features = data.Features ?? 128L;
        var share = features >= 900 ? 0.015 : data.Name == "pubmed" ? 0.1 : 1;
        var (stored, known) = ((long)(nodes * features * share), Measured.GetValueOrDefault(data.Name));
        var isMeasured = Measured.ContainsKey(data.Name);
        return new()
        {
            Task = data.Task, Nodes = nodes, Edges = edges, Features = features, Classes = data.Classes ?? 10, StoredShare = share,
            TrainNodes = known.Train > 0 ? known.Train : nodes,
            Graphs = Math.Max(1, known.Graphs),
            LargestNodes = known.LargestNodes > 0 ? known.LargestNodes : nodes,
            LargestEdges = known.LargestNodes > 0 ? known.LargestEdges : edges,
            LoadedBytes = isMeasured ? ((long)known.Held << 20) + (clouds || known.Graphs > 1 ? 0 : First(edges, stored, share)) : Loaded(nodes, edges, stored, share),
            LoadingBytes = isMeasured ? (long)known.Loading << 20 : Loading(nodes, edges, stored, share),
            Assumed = assumed.Count == 0 ? null : $"not in the catalogue, assumed: {string.Join(", ", assumed)}",
        };
    }

    public static bool IsCloud(string task) => task is DatasetTasks.PointCloudSegmentation or DatasetTasks.PointCloudClassification;

    private static MemoryOfData Generated(SbmSpec sbm)
    {
        var edges = (long)(sbm.Nodes * (sbm.DegreeWithin + sbm.DegreeBetween));
        var entries = (long)sbm.Nodes * sbm.Features;
        return new()
        {
            Task = DatasetTasks.NodeClassification, Nodes = sbm.Nodes, Edges = edges, Features = sbm.Features, Classes = sbm.Classes,
            TrainNodes = Math.Min(sbm.Nodes, 20L * sbm.Classes), LargestNodes = sbm.Nodes, LargestEdges = edges, DrawnShare = 1,
            LoadedBytes = Loaded(sbm.Nodes, edges, entries, 1), LoadingBytes = Loading(sbm.Nodes, edges, entries, 1),
        };
    }

    // Dense features are one tensor. Sparse ones are kept as rows and as a graph from features to nodes, 16 bytes an entry. Of an edge its two ends.
    private static long Loaded(long nodes, long edges, long stored, double share) =>
        (1L << 20) + (stored * (share < 1 ? 16 : 4)) + (8 * edges) + (40 * nodes) + First(edges, stored, share);

    // Made at the first step: which edges leave and arrive at each node, and the same of sparse entries.
    private static long First(long edges, long stored, double share) => (15 * edges) + (share < 1 ? 12 * stored : 0);

    // Features as read, normalised, and as a tensor; edges sorted. Code that training needs is not there yet.
    private static long Loading(long nodes, long edges, long stored, double share) =>
        Math.Max(0, (stored * (share < 1 ? 40 : 12)) + (24 * edges) + (8 * nodes) - (12L << 20));
}
