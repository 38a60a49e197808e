using DeepGnn.Datasets;
using Testing;

namespace Datasets.Tests;

/// <summary>Small sets in the layout of the published files, which are not at hand.</summary>
public sealed class PpiReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = TestFolders.NewTemporary();

    public PpiReaderTests()
    {
        Write("train", ids: [1, 1, 2, 1, 2], "[[0,1],[1,0],[1,3],[2,4],[4,4]]");
        Write("valid", ids: [3, 3], "[[0,1]]");
        Write("test", ids: [4], "[]");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Nodes_are_dealt_to_their_graphs()
    {
        var set = Load();
        Assert.Equal(["1", "2", "3", "4"], set.Graphs.Select(graph => graph.Name));
        Assert.Equal([(1, 0), (0, 1), (2, 1), (1, 2)], set.Graphs[0].Graph.Sources.Zip(set.Graphs[0].Graph.Targets));
        Assert.Equal([(1, 0), (0, 1)], set.Graphs[1].Graph.Sources.Zip(set.Graphs[1].Graph.Targets));

        // Node i has features 10 i, 10 i + 1 and label bits of i; graph 1 holds nodes 0, 1 and 3.
        Assert.Equal([0, 1, 10, 11, 30, 31], set.Graphs[0].Features.ToDense());
        Assert.Equal([0, 0, 0, 1, 0, 0, 1, 1, 0], set.Graphs[0].NodeTargets!.Values);
        Assert.Equal((2, 3, GraphTarget.NodeMultiLabel, Metric.MicroF1), (set.FeatureCount, set.ClassCount, set.Target, set.Metric));
        Assert.Equal([0, 1, 2, 3], [.. set.Splits[0].Train, .. set.Splits[0].Valid, .. set.Splits[0].Test]);
    }

    [Theory]
    [InlineData("{\"nodes\": [{\"id\": 0}, {\"id\": 1}], \"links\": [{\"source\": 0, \"target\": 2}]}", "link 0: found \"{\"source\": 0, \"target\": 2}\", needed a target from 0 to 1")]
    [InlineData("{\"nodes\": [{\"id\": 0}], \"links\": []}", "found 1 nodes, needed 2")]
    [InlineData("{\"nodes\": 2}", "found no node-link graph, needed an object with the lists \"nodes\" and \"links\"")]
    [InlineData("[]", "found no node-link graph, needed an object with the lists \"nodes\" and \"links\"")]
    [InlineData("{\"nodes\": [", "not readable as JSON")]
    public void A_graph_that_does_not_fit_is_refused(string json, string message)
    {
        File.WriteAllText(_folder.File("valid_graph.json"), json);
        Assert.StartsWith($"{_folder.File("valid_graph.json")}: {message}", Assert.Throws<DataException>(Load).Message);
    }

    [Fact]
    public void A_link_between_two_graphs_is_refused()
    {
        Write("train", ids: [1, 1, 2, 1, 2], "[[0,2]]");
        Assert.EndsWith("link 0 to 2: found nodes of graphs 1 and 2, needed one graph", Assert.Throws<DataException>(Load).Message);
    }

    [Fact]
    public void A_graph_of_another_feature_width_is_refused()
    {
        File.WriteAllBytes(_folder.File("valid_feats.npy"), SmallNpz.Npy("<f8", [2, 1], new double[] { 1, 2 }));
        Assert.Equal("ppi: graph 3: found features of shape [2, 1], needed [2, 2]", Assert.Throws<DataException>(Load).Message);
    }

    private GraphCollection Load() => GraphCollections.Load(new() { Dataset = "ppi", RowNormalize = false }, [_folder.Path]);

    private void Write(string split, long[] ids, string links)
    {
        var nodes = string.Join(", ", Enumerable.Range(0, ids.Length).Select(i => $"{{\"id\": {i}}}"));
        var ends = System.Text.Json.JsonSerializer.Deserialize<int[][]>(links)!.Select(link => $"{{\"source\": {link[0]}, \"target\": {link[1]}}}");
        File.WriteAllText(_folder.File($"{split}_graph.json"), $"{{\"directed\": true, \"graph\": {{}}, \"nodes\": [{nodes}], \"links\": [{string.Join(", ", ends)}], \"multigraph\": false}}");
        File.WriteAllBytes(_folder.File($"{split}_graph_id.npy"), SmallNpz.Npy("<i8", [ids.Length], ids));
        File.WriteAllBytes(_folder.File($"{split}_feats.npy"), SmallNpz.Npy("<f8", [ids.Length, 2], Enumerable.Range(0, ids.Length).SelectMany(i => new double[] { 10 * i, (10 * i) + 1 }).ToArray()));
        File.WriteAllBytes(_folder.File($"{split}_labels.npy"), SmallNpz.Npy("<i8", [ids.Length, 3], Enumerable.Range(0, ids.Length).SelectMany(i => new long[] { i & 1, (i >> 1) & 1, (i >> 2) & 1 }).ToArray()));
    }
}
