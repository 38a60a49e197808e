namespace Contracts;

/// <summary>How large a data set is, as a graph and in memory.</summary>
internal sealed record MemoryOfData
{
    /// <summary>
    /// Measured: what a Trainer process holds when it has loaded the set, above one that loaded the karate club, in MiB (text and archives leave
    /// much of it behind), and its train nodes. Where there are several graphs: how many, and nodes and directed edges of the largest.
    /// </summary>
    private static readonly Dictionary<string, Known> Measured = new()
    {
        ["karate"] = new(0, 6), ["cora"] = new(10, 140), ["amazon-photo"] = new(66, 160), ["coauthor-cs"] = new(63, 300), ["actor"] = new(65, 3_648),
        ["chameleon-filtered"] = new(21, 409), ["texas"] = new(9, 87), ["tolokers"] = new(54, 5_879), ["minesweeper"] = new(10, 5_000), ["facebook-pages"] = new(62, 13_482),
        ["twitch"] = new(70, 0, 7, 9_498, 315_774), ["mutag"] = new(0, 0, 188, 28, 66), ["proteins"] = new(18, 0, 1_113, 620, 2_098), ["enzymes"] = new(9, 0, 600, 126, 298),
        ["jhmdb"] = new(145, 0, 1_827, 480, 1_826), ["rooms"] = new(20, 0, 30), ["ign-lidar"] = new(25, 0, 10), ["mosd"] = new(36, 0, 22),
    };

    private readonly record struct Known(int Mebibytes, int Train, int Graphs = 1, int LargestNodes = 0, long LargestEdges = 0);

    public required string Task { get; init; }
    public long Nodes { get; init; }
    public long Edges { get; init; }
    public long Features { get; init; }
    public long Classes { get; init; }
    /// <summary>Share of the features that are stored: bags of words are almost all zero.</summary>
    public double StoredShare { get; init; } = 1;
    public long TrainNodes { get; init; }

    /// <summary>Whether <see cref="LoadedBytes"/> is measured on a set that is read, which leaves free memory behind.</summary>
    public bool ReadFromText { get; init; }
    public int Graphs { get; init; } = 1;
    public long LargestNodes { get; init; }
    public long LargestEdges { get; init; }

    /// <summary>Held by the process before the first epoch.</summary>
    public long LoadedBytes { get; init; }
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
        var known = Measured.GetValueOrDefault(data.Name);
        return new()
        {
            Task = data.Task, Nodes = nodes, Edges = edges, Features = features, Classes = data.Classes ?? 10, StoredShare = share,
            TrainNodes = known.Train > 0 ? known.Train : nodes,
            ReadFromText = known.Mebibytes > 0,
            Graphs = Math.Max(1, known.Graphs),
            LargestNodes = known.LargestNodes > 0 ? known.LargestNodes : nodes,
            LargestEdges = known.LargestNodes > 0 ? known.LargestEdges : edges,
            LoadedBytes = Measured.ContainsKey(data.Name) ? (long)known.Mebibytes << 20 : Loaded(nodes, edges, features, share),
            Assumed = assumed.Count == 0 ? null : $"not in the catalogue, assumed: {string.Join(", ", assumed)}",
        };
    }

    public static bool IsCloud(string task) => task is DatasetTasks.PointCloudSegmentation or DatasetTasks.PointCloudClassification;

    private static MemoryOfData Generated(SbmSpec sbm)
    {
        var edges = (long)(sbm.Nodes * (sbm.DegreeWithin + sbm.DegreeBetween));
        return new()
        {
            Task = DatasetTasks.NodeClassification, Nodes = sbm.Nodes, Edges = edges, Features = sbm.Features, Classes = sbm.Classes,
            TrainNodes = Math.Min(sbm.Nodes, 20L * sbm.Classes), LargestNodes = sbm.Nodes, LargestEdges = edges, LoadedBytes = Loaded(sbm.Nodes, edges, sbm.Features, 1),
        };
    }

    // Features by their stored entries, 25 bytes each with what reading leaves behind; an edge's two ends and both compressed forms 24, what
    // making them leaves on the heap about 36; labels, splits.
    private static long Loaded(long nodes, long edges, long features, double storedShare) =>
        (6L << 20) + (long)(25 * nodes * features * storedShare) + (60 * edges) + (48 * nodes);
}
