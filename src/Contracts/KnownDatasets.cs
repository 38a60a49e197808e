namespace Contracts;

/// <summary>The sets of one graph whose nodes are classified. Counts were verified by parsing the files named here.</summary>
internal static class KnownDatasets
{
    private const string Planetoid = "Planetoid (kimiyoung/planetoid); Sen et al. 2008; Yang et al., ICML 2016";
    private const string Shchur = "EdisonLeeeee/GraphData; Shchur et al., Pitfalls of GNN Evaluation, 2018";
    private const string Heterophilous = "yandex-research/heterophilous-graphs; Platonov et al., ICLR 2023";

    private const string PlanetoidUrl = "https://raw.githubusercontent.com/kimiyoung/planetoid/af6abf468a772cc055bec88c52e4d6f51b7c37e3/data/";
    private const string ShchurUrl = "https://raw.githubusercontent.com/EdisonLeeeee/GraphData/f8022c26b917346f2a461ffec0ec5ae24b36de68/datasets/";
    private const string HeterophilousUrl = "https://raw.githubusercontent.com/yandex-research/heterophilous-graphs/a431395582e929d88271309716bea4fe24ce6318/data/";

    public static IReadOnlyList<DatasetEntry> All { get; } =
    [
        Citation("cora", "Cora citations, public split", 2_708, 5_278, 1_433, 7,
        [
            ("x", "23cfa55d91c6f624233f5eb7b6e3f141f1bd2b2ae39608a63cf5d084bb27baab"),
            ("y", "94465c14eb53e04ca262198dcbb2521ee8af60fb3f3d546cd6ca24a511b0e7d1"),
            ("tx", "b9afbaa4a400df991f6f02ef677e1e44da55ffc04801fd02f9e673987829226a"),
            ("ty", "41f5ac76596a1699cc33f53084a2419e92961c42bb75f36fc38e616d348532ad"),
            ("allx", "9419ba2f26f5c35243db64aba110e0f35a04851609e0dc5433450676ca6b8543"),
            ("ally", "2b998f5cc7fedc86e7f97ca2498f47a1ffc1462c29e2d578b23bf3f62b6e7d71"),
            ("graph", "58f13302f39dde8852dad6fe6d15b89b077b6d7f837626bce671ef80344b383d"),
            ("test.index", "297ce89af2b51a6a194181c7dbe1796c6a1cf9cd9349a88383b1b1e227867875"),
        ]),
        Citation("citeseer", "CiteSeer citations, public split", 3_327, 4_552, 3_703, 6,
        [
            ("x", "d20de19150741e555de0ed037195630fc194114ebc7fd72ced62810148aa22f6"),
            ("y", "8ba87e515d8e3ee3cf52f6d2c5b86aa73f11ecad825a808455209ec26cd54924"),
            ("tx", "539a8906a2da97628d212f2fdd668c109a8b3f0d36574b59e5d3fd5b5303da21"),
            ("ty", "55e5bd1ba1e733a04598753ad1a8d57957f4b8f89e74519f41f4f4938767e4ce"),
            ("allx", "2ac30345d95c9ec933a817ee0bdd6a5f077f8c184a20e696910192d534414668"),
            ("ally", "f704b2d986dde6c2669934de1f3ae5696a6cf9455c0f6b2646a2d135ea0a1c95"),
            ("graph", "d79a4ef9d3e7169aee8946145f6b7306e35bc79bffad26346cfb94e10e9912a7"),
            ("test.index", "2af990671580b6b2df5d158d1038f8292e30c9cd821b5453f399659b25b723d4"),
        ]),
        // The checksum of pubmed's largest file is not known here, so the set is read where a user has put it, and not fetched.
        Citation("pubmed", "PubMed diabetes citations, public split", 19_717, 44_324, 500, 3,
        [
            ("x", null), ("y", null), ("tx", null), ("ty", null), ("allx", null), ("ally", null), ("graph", null), ("test.index", null),
        ]),
        Npz("amazon-photo", "Amazon Photo co-purchases", Shchur, 7_650, 119_081, 745, 8, "shchur",
            ShchurFile("amazon_photo.npz", "bdb98b54cd3125bfa69b23ba0aae84fabcb770c6727175b8f6eb1d64f3be4b2b", "amazon_electronics_photo.npz")),
        Npz("coauthor-cs", "Coauthor CS", Shchur, 18_333, 81_894, 6_805, 15, "shchur",
            ShchurFile("coauthor_cs.npz", "7b7b51bf270d341f1c4231834c58a526bb04db003fd76a6d2f51ad7d252005ed", "ms_academic_cs.npz")),
        Npz("actor", "Actor co-occurrence", Heterophilous, 7_600, 26_659, 932, 5, "heterophilous",
            HeterophilousFile("actor.npz", "c350eef06b2c2a9bf8218be2b57cac6d4003d0922eb597a039e9123f75817816")),
        Npz("chameleon-filtered", "Chameleon Wikipedia pages without duplicate nodes", Heterophilous, 890, 8_854, 2_325, 5, "heterophilous",
            HeterophilousFile("chameleon_filtered.npz", "bf46f07e1fb5249280447e5fe3100f3e82fc4b93ad1e13ffcfdec924b6ac0bb5")),
        Npz("texas", "Texas web pages (WebKB)", Heterophilous, 183, 279, 1_703, 5, "heterophilous",
            HeterophilousFile("texas.npz", "b164b99e6c3d43e4ab07488ec59bd8c815f90cbc1bd4cf425ce587d2b534d844")),
        Npz("tolokers", "Tolokers (crowd workers, banned or not)", Heterophilous, 11_758, 519_000, 10, 2, "heterophilous",
            HeterophilousFile("tolokers.npz", "dacf3ac94cec53d03cd2adb5255c08b33dee1656c33ca8164a464bd9450a1667")) with { Metric = "rocAuc" },
        Npz("minesweeper", "Minesweeper grid", Heterophilous, 10_000, 39_402, 7, 2, "heterophilous",
            HeterophilousFile("minesweeper.npz", "e664c8dacf1e8ac466c2c09ed4b237bd2c5541f47a6eae9c6092cb87f16412b3")) with { Metric = "rocAuc" },
        new()
        {
            Name = "facebook-pages",
            Title = "Facebook pages of four kinds",
            Task = DatasetTasks.NodeClassification,
            Source = "benedekrozemberczki/datasets; Rozemberczki et al., Multi-scale Attributed Node Embedding, 2021",
            Format = DatasetFormat.FacebookPages,
            Nodes = 22_470,
            Edges = 170_823,
            Features = 4_714,
            Classes = 4,
            Splits = 10,
            Places = ["facebook_page_page", "facebook-pages", "."],
            Files =
            [
                new("facebook_edges.csv") { OtherNames = ["musae_facebook_edges.csv"] },
                new("facebook_features.json") { OtherNames = ["musae_facebook_features.json"] },
                new("facebook_target.csv") { OtherNames = ["musae_facebook_target.csv"] },
            ],
        },
        Ogb("ogbn-arxiv", "ogbn-arxiv: papers by subject", DatasetTasks.NodeClassification, 169_343, 128, 40),
        Ogb("ogbn-products", "ogbn-products: co-purchases by category", DatasetTasks.NodeClassification, 2_449_029, 100, 47),
        new()
        {
            Name = "karate",
            Title = "Zachary's karate club, two factions (built in)",
            Task = DatasetTasks.NodeClassification,
            Source = "Zachary, An Information Flow Model for Conflict and Fission in Small Groups, 1977",
            Format = DatasetFormat.KarateClub,
            Nodes = 34,
            Edges = 78,
            Features = 34,
            Classes = 2,
        },
        new()
        {
            Name = "sbm",
            Title = "Stochastic block model with features (generated)",
            Task = DatasetTasks.NodeClassification,
            Source = "Generated from the settings of the run; Holland et al., Stochastic Blockmodels, 1983",
            Format = DatasetFormat.BlockModel,
        },
    ];

    private static DatasetEntry Citation(
        string name, string title, int nodes, long edges, int features, int classes, (string Part, string? Sha256)[] parts) => new()
        {
            Name = name,
            Title = title,
            Task = DatasetTasks.NodeClassification,
            Source = Planetoid,
            Format = DatasetFormat.Planetoid,
            Nodes = nodes,
            Edges = edges,
            Features = features,
            Classes = classes,
            Places = [$"planetoid/{name}", name, $"planetoid/{name}/raw", $"{name}/raw", "planetoid", "."],
            Files = [.. parts.Select(part => new DatasetFile($"ind.{name}.{part.Part}")
            {
                Url = part.Sha256 is null ? null : $"{PlanetoidUrl}ind.{name}.{part.Part}",
                Sha256 = part.Sha256,
            })],
        };

    /// <summary>Users bring these; edges are not counted here, as no file was at hand to count.</summary>
    public static DatasetEntry Ogb(string name, string title, string task, int nodes, int features, int classes) => new()
    {
        Name = name,
        Title = title,
        Task = task,
        Source = "Hu et al., Open Graph Benchmark, 2020",
        Format = DatasetFormat.Ogb,
        Nodes = nodes,
        Features = features,
        Classes = classes,
        Places = [name.Replace('-', '_'), name, $"ogb/{name.Replace('-', '_')}", name["ogbn-".Length..], $"ogb/{name["ogbn-".Length..]}"],
        Files = [new("raw/edge.csv.gz") { OtherNames = ["raw/edge.csv"] }],
    };

    private static DatasetEntry Npz(
        string name, string title, string source, int nodes, long edges, int features, int classes, string place, DatasetFile file) => new()
        {
            Name = name,
            Title = title,
            Task = DatasetTasks.NodeClassification,
            Source = source,
            Format = DatasetFormat.Npz,
            Nodes = nodes,
            Edges = edges,
            Features = features,
            Classes = classes,
            Splits = 10,
            Places = [place, name, "."],
            Files = [file],
        };

    private static DatasetFile ShchurFile(string name, string sha256, string otherName) =>
        new(name) { Url = ShchurUrl + name, Sha256 = sha256, OtherNames = [otherName] };

    private static DatasetFile HeterophilousFile(string name, string sha256) => new(name) { Url = HeterophilousUrl + name, Sha256 = sha256 };
}
