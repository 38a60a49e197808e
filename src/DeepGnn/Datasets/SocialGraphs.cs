namespace DeepGnn.Datasets;

/// <summary>The social graphs of Rozemberczki et al. as data sets: pages of one network, streamers of seven countries.</summary>
internal static class SocialGraphs
{
    /// <summary>
    /// Four kinds of page, alphabetically numbered; ten random splits of 60, 20 and 20 percent with seeds 0 to 9, as none is published.
    /// </summary>
    /// <param name="name">The catalogue's name.</param>
    /// <param name="files">Paths of edges, features, targets.</param>
    public static NodeDataset FacebookPages(string name, IReadOnlyList<string> files)
    {
        var raw = MusaeReader.Read(files[0], files[1], files[2], new("id", "page_type"));
        var classes = raw.Labels.Distinct().Order(StringComparer.Ordinal).ToList();
        var labels = Array.ConvertAll(raw.Labels, label => classes.IndexOf(label));
        return new()
        {
            Name = name,
            Graph = raw.Graph,
            Features = raw.ToFeatures(raw.FeatureCount),
            Labels = labels,
            ClassCount = classes.Count,
            Splits = [.. Enumerable.Range(0, 10).Select(seed => NodeSplits.Random(labels, 0.6, 0.2, seed))],
        };
    }

    /// <summary>
    /// Whether a streamer uses mature language, in graphs by language that share their features. One split: DE trains, ENGB chooses, all
    /// others test, scored by ROC AUC (as in Wu et al., Handling Distribution Shifts on Graphs, ICLR 2022).
    /// </summary>
    /// <param name="name">The catalogue's name.</param>
    /// <param name="files">Paths of edges, features, targets of each graph in turn; DE and ENGB first.</param>
    public static GraphCollection Twitch(string name, IReadOnlyList<string> files)
    {
        var raw = files.Chunk(3).Select(three => MusaeReader.Read(three[0], three[1], three[2], new("new_id", "mature"))).ToList();
        var features = raw.Max(graph => graph.FeatureCount);
        return new()
        {
            Name = name,
            Graphs = [.. raw.Select((graph, g) => new GraphSample(Country(files[3 * g]), graph.Graph, graph.ToFeatures(features))
            {
                NodeLabels = Array.ConvertAll(graph.Labels, label => Mature(files[(3 * g) + 2], label)),
            })],
            FeatureCount = features,
            ClassCount = 2,
            Target = GraphTarget.Node,
            Splits = [new([0], [1], [.. Enumerable.Range(2, raw.Count - 2)])],
            Metric = Metric.RocAuc,
        };
    }

    private static string Country(string path) => Path.GetFileName(path).Split('_')[1];

    private static int Mature(string path, string label) => label switch
    {
        "True" or "1" => 1,
        "False" or "0" => 0,
        _ => throw new DataException(path, $"found label {CsvReader.Shorten(label)}, needed True or False"),
    };
}
