using Contracts;
using DeepGnn.Datasets;
using Testing;

namespace Datasets.Tests;

public sealed class SocialGraphTests : IDisposable
{
    private readonly TemporaryFolder _folder = TestFolders.NewTemporary();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Facebook_pages_have_the_counts_of_their_source()
    {
        TestFolders.RequireData("facebook_page_page");
        var set = NodeDatasets.Load(new() { Dataset = "facebook-pages", RowNormalize = false }, [TestFolders.Data]);
        Assert.Equal((22_470, 2 * 170_823), (set.Graph.NodeCount, set.Graph.EdgeCount));
        Assert.Equal((4_714, 314_583), (set.Features.ColumnCount, set.Features.Values.Length));

        // company, government, politician, tvshow
        Assert.Equal([6_495, 6_880, 5_768, 3_327], Enumerable.Range(0, 4).Select(c => set.Labels.Count(label => label == c)));
        Assert.Equal(10, set.Splits.Count);
        Assert.All(set.Splits, split => Assert.Equal((13_482, 4_494, 4_494), (split.Train.Length, split.Valid.Length, split.Test.Length)));
    }

    [Fact]
    public void Twitch_has_seven_graphs_of_one_feature_space()
    {
        TestFolders.RequireData("twitch");
        var set = GraphCollections.Load(new() { Dataset = "twitch", RowNormalize = false }, [TestFolders.Data]);
        var counts = set.Graphs.Select(graph => (graph.Name, graph.Graph.NodeCount, graph.Graph.EdgeCount / 2, graph.NodeLabels!.Sum()));
        Assert.Equal([
            ("DE", 9_498, 153_138, 5_742), ("ENGB", 7_126, 35_324, 3_888), ("ES", 4_648, 59_382, 1_360), ("FR", 6_549, 112_666, 2_414),
            ("PTBR", 1_912, 31_299, 661), ("RU", 4_385, 37_304, 1_075), ("TW", 2_772, 63_462, 1_088),
        ], counts);
        Assert.Equal((3_170, GraphTarget.Node, Metric.RocAuc), (set.FeatureCount, set.Target, set.Metric));
        Assert.All(set.Graphs, graph => Assert.Equal(3_170, graph.Features.ColumnCount));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6], [.. set.Splits[0].Train, .. set.Splits[0].Valid, .. set.Splits[0].Test]);
        Assert.Equal((1, 1), (set.Splits[0].Train.Length, set.Splits[0].Valid.Length));
    }

    [Theory]
    [InlineData("facebook_edges.csv", "id_1,id_2\n0,1\n1,9\n", "line 3: found \"9\", needed a whole number from 0 to 3")]
    [InlineData("facebook_edges.csv", "id_1,id_2\n0,1,2\n", "line 2: found 3 fields, needed 2")]
    [InlineData("facebook_edges.csv", "a\n", "found the columns a, needed two: source and target")]
    [InlineData("facebook_target.csv", "id,kind\n", "found the columns id, kind, needed page_type")]
    [InlineData("facebook_target.csv", "id,page_type\n0,a\n5,b\n", "found 2 nodes up to number 5, needed numbers without gaps")]
    [InlineData("facebook_target.csv", "id,page_type\n0,a\n0,b\n", "line 3: found label \"b\" for node 0, needed \"a\" as before")]
    [InlineData("facebook_target.csv", "id,page_type\n0,\"a\n", "line 2: found an open quote, needed it closed on the same line")]
    [InlineData("facebook_features.json", "{\"0\": [1, -2]}", "node 0: found feature \"-2\", needed a whole number from 0 to 9999999")]
    [InlineData("facebook_features.json", "{\"7\": [1]}", "found features of node \"7\", needed a node from 0 to 3")]
    [InlineData("facebook_features.json", "{\"0\": {}}", "node 0: found Object, needed a list of features")]
    [InlineData("facebook_features.json", "[]", "found Array, needed an object of lists by node")]
    [InlineData("facebook_features.json", "{\"0\": [1", "not readable as JSON")]
    public void A_file_that_does_not_fit_is_refused(string file, string content, string message)
    {
        WriteSmall();
        File.WriteAllText(_folder.File(file), content);
        var found = Assert.Throws<DataException>(Load).Message;
        Assert.StartsWith($"{_folder.File(file)}: {message}", found);
    }

    [Fact]
    public void Features_nested_deeply_are_refused()
    {
        WriteSmall();
        File.WriteAllText(_folder.File("facebook_features.json"), "{\"0\": " + new string('[', 100_000));
        Assert.Contains("not readable as JSON", Assert.Throws<DataException>(Load).Message);
    }

    [Fact]
    public void Quoted_fields_keep_their_commas()
    {
        WriteSmall();
        File.WriteAllText(_folder.File("facebook_target.csv"), "id,page_name,page_type\r\n0,\"a, \"\"b\"\"\",x\r\n1,c,y\r\n2,d,x\r\n3,e,y\r\n");
        Assert.Equal([0, 1, 0, 1], Load().Labels);
    }

    private void WriteSmall()
    {
        File.WriteAllText(_folder.File("facebook_edges.csv"), "id_1,id_2\n0,1\n1,2\n2,2\n");
        File.WriteAllText(_folder.File("facebook_features.json"), "{\"0\": [2, 0, 2], \"1\": []}");
        File.WriteAllText(_folder.File("facebook_target.csv"), "id,page_type\n0,x\n1,y\n2,x\n3,y\n");
    }

    private NodeDataset Load() => NodeDatasets.Load(new() { Dataset = "facebook-pages" }, [_folder.Path]);
}
