namespace Contracts;

/// <summary>The sets of other tasks than the classification of one graph's nodes. Counts were verified by parsing the files named here.</summary>
internal static class OtherTasks
{
    private const string Tu = "TU sets (muhanzhang/pytorch_DGCNN); Morris et al., TUDataset, 2020";

    public static IReadOnlyList<DatasetEntry> All { get; } =
    [
        new()
        {
            Name = "twitch",
            Title = "Twitch streamers of seven languages (train on one, test on others)",
            Task = DatasetTasks.InductiveNodeClassification,
            Source = "benedekrozemberczki/datasets; Rozemberczki et al., Multi-scale Attributed Node Embedding, 2021",
            Format = DatasetFormat.Twitch,
            Metric = "rocAuc",
            Nodes = 36_890,
            Edges = 492_575,
            Features = 3_170,
            Classes = 2,
            Places = ["twitch", "."],
            Files = [.. new[] { "DE", "ENGB", "ES", "FR", "PTBR", "RU", "TW" }.SelectMany(country =>
                new[] { "edges.csv", "features.json", "target.csv" }.Select(part => new DatasetFile($"{country}/musae_{country}_{part}")))],
        },
        new()
        {
            Name = "ppi",
            Title = "Protein interactions in 24 tissues (train on 20, test on 2)",
            Task = DatasetTasks.InductiveNodeClassification,
            Source = "Hamilton et al., Inductive Representation Learning on Large Graphs, 2017; files of the GraphSAGE layout by split",
            Format = DatasetFormat.Ppi,
            Metric = "microF1",
            Features = 50,
            Classes = 121,
            Places = ["ppi", "ppi/raw", "PPI", "PPI/raw", "."],
            Files = [.. new[] { "train", "valid", "test" }.SelectMany(split =>
                new[] { "graph.json", "graph_id.npy", "feats.npy", "labels.npy" }.Select(part => new DatasetFile($"{split}_{part}")))],
        },
        KnownDatasets.Ogb("ogbn-proteins", "ogbn-proteins: functions of proteins, with edge features", DatasetTasks.MultiLabelNodeClassification, 132_534, 8, 112)
            with { Metric = "rocAuc" },
        TuSet("mutag", "MUTAG", "MUTAG molecules (188 graphs)", 3_371, 3_721, 7, 2),
        TuSet("proteins", "PROTEINS", "PROTEINS: enzyme or not (1,113 graphs)", 43_471, 81_044, 3, 2),
        TuSet("enzymes", "ENZYMES", "ENZYMES of six classes (600 graphs)", 19_580, 37_282, 3, 6),
    ];

    private static DatasetEntry TuSet(string name, string file, string title, int nodes, long edges, int features, int classes) => new()
    {
        Name = name,
        Title = title,
        Task = DatasetTasks.GraphClassification,
        Source = Tu,
        Format = DatasetFormat.TuGraphs,
        Nodes = nodes,
        Edges = edges,
        Features = features,
        Classes = classes,
        Splits = 10,
        Places = [$"tu_graphs/{file}", file, $"tu_graphs/{file}/raw", $"{file}/raw", "."],
        Files = [new($"{file}.txt") { OtherNames = [$"{file}_A.txt"] }],
    };
}
