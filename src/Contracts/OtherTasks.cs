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
        new()
        {
            Name = "ign-lidar",
            Title = "Aerial laser scan of 100 m by 62 m: ground, building, other",
            Task = DatasetTasks.PointCloudSegmentation,
            Source = "IGN, LiDAR HD (tile of IGNF/myria3d)",
            Format = DatasetFormat.IgnLidar,
            Nodes = 70_840,
            Features = 7,
            Classes = 3,
            Places = ["ign_lidar", "ign-lidar", "."],
            Files = [new("870000_6618000.subset.50mx100m.las") { OtherNames = ["plain/points.npy"] }],
        },
        new()
        {
            Name = "mosd",
            Title = "Objects on tables, 22 depth-camera scenes",
            Task = DatasetTasks.PointCloudSegmentation,
            Source = "PointCloudLibrary/data (mOSD); Richtsfeld et al., Segmentation of Unknown Objects in Indoor Environments, IROS 2012",
            Format = DatasetFormat.Mosd,
            Nodes = 360_448,
            Features = 3,
            Classes = 2,
            Places = ["mosd/plain", "mosd", "."],
            Files =
            [
                .. new[] { 0, 6, 12, 17, 21, 25, 29, 33, 38, 43 }.Select(scene => new DatasetFile($"learn_learn{scene}.npy")),
                .. new[] { 0, 8, 16, 20, 24, 29, 33, 40, 45, 50, 55, 60 }.Select(scene => new DatasetFile($"test_test{scene}.npy")),
            ],
        },
        new()
        {
            Name = "s3dis",
            Title = "S3DIS: rooms of six building areas, scanned (HDF5 blocks)",
            Task = DatasetTasks.PointCloudSegmentation,
            Source = "Armeni et al., 3D Semantic Parsing of Large-Scale Indoor Spaces, CVPR 2016; blocks as in Qi et al., PointNet, CVPR 2017",
            Format = DatasetFormat.S3dis,
            Features = 6,
            Classes = 13,
            Splits = 6,
            Places = ["indoor3d_sem_seg_hdf5_data", "s3dis", "S3DIS/raw", "S3DIS"],
            Files = [new("all_files.txt"), new("room_filelist.txt")],
        },
        new()
        {
            Name = "modelnet40",
            Title = "ModelNet40: shapes of 40 kinds (HDF5, 2,048 points each)",
            Task = DatasetTasks.PointCloudClassification,
            Source = "Wu et al., 3D ShapeNets, CVPR 2015; points as in Qi et al., PointNet, CVPR 2017",
            Format = DatasetFormat.ModelNet40,
            Features = 0,
            Classes = 40,
            Places = ["modelnet40_ply_hdf5_2048", "modelnet40", "ModelNet40"],
            Files = [new("shape_names.txt"), new("train_files.txt"), new("test_files.txt")],
        },
        new()
        {
            Name = "rooms",
            Title = "Indoor rooms with labelled parts (generated)",
            Task = DatasetTasks.PointCloudSegmentation,
            Source = "Generated: floor, ceiling, walls, tables, chairs, sofas, bookcases",
            Format = DatasetFormat.IndoorRooms,
            Nodes = 122_880,
            Features = 3,
            Classes = 7,
        },
        new()
        {
            Name = "jhmdb",
            Title = "JHMDB actions as skeleton clips (609 clips of 15 joints)",
            Task = DatasetTasks.SkeletonClassification,
            Source = "fandulu/DD-Net; Jhuang et al., Towards Understanding Action Recognition, ICCV 2013",
            Format = DatasetFormat.Jhmdb,
            Features = 2,
            Classes = 14,
            Splits = 3,
            Places = ["jhmdb_skeleton/plain", "jhmdb", "."],
            Files =
            [
                new("classes.txt"),
                .. new[] { 1, 2, 3 }.SelectMany(split => new[] { "train", "test" }.SelectMany(part =>
                    new[] { "pose", "frames", "label" }.Select(kind => new DatasetFile($"GT_{part}_{split}_{kind}.npy")))),
            ],
        },
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
