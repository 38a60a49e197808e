using DeepGnn.Datasets;

namespace Datasets.Tests;

public sealed class PlanetoidReaderTests
{
    [Fact]
    public void A_missing_test_id_becomes_an_isolated_node_without_label()
    {
        using var small = new SmallCitationSet();
        var set = Load(small);
        Assert.Equal((12, 3, 2), (set.Graph.NodeCount, set.Features.ColumnCount, set.ClassCount));
        Assert.Equal(-1, set.Labels[9]);
        Assert.Equal(0, set.Graph.Incoming.Degree(9) + set.Graph.Outgoing.Degree(9));
        Assert.Equal(set.Features.Offsets[9], set.Features.Offsets[10]);
        Assert.DoesNotContain(9, set.Splits[0].Train.Concat(set.Splits[0].Valid).Concat(set.Splits[0].Test));
    }

    [Fact]
    public void Test_rows_land_on_the_nodes_that_the_index_names()
    {
        using var small = new SmallCitationSet();
        var set = Load(small);
        var dense = set.Features.ToDense();
        foreach (var node in Enumerable.Range(0, 12).Where(node => node != 9))
        {
            Assert.Equal(node % 2, set.Labels[node]);
            Assert.Equal(node + 1, dense[(node * 3) + (node % 3)]);
        }

        Assert.Equal([0, 1], set.Splits[0].Train);
        Assert.Equal([2, 3, 4, 5, 6], set.Splits[0].Valid);
        Assert.Equal([7, 8, 10, 11], set.Splits[0].Test);
    }

    [Fact]
    public void Repeats_and_self_loops_leave_the_graph()
    {
        using var small = new SmallCitationSet();
        Assert.Equal(2 * 11, Load(small).Graph.EdgeCount);
    }

    [Fact]
    public void An_edge_out_of_range_names_file_edge_found_and_needed()
    {
        using var small = new SmallCitationSet();
        small.Graph[0] = [99];
        small.Files["graph"] = PickleWriter.Graph(small.Graph);
        Assert.EndsWith("ind.citeseer.graph: edge 0: found 0 to 99, needed nodes from 0 to 11", Refusal(small));
    }

    [Theory]
    [InlineData("7\n8\n10\n5\n", "line 4: found 5, needed another node from 7 to 11")]
    [InlineData("7\n8\n10\n10\n", "line 4: found 10, needed another node from 7 to 11")]
    [InlineData("7\n8\n10\n2000000000\n", "line 4: found 2000000000, needed another node from 7 to 11")]
    [InlineData("7\n8\nten\n11\n", "line 3: found ten, needed another node from 7 to 11")]
    [InlineData("7\n8\n", "found 2 test nodes, needed 4")]
    [InlineData("", "found 0 test nodes, needed 4")]
    public void A_test_index_that_does_not_fit_is_refused(string index, string message)
    {
        using var small = new SmallCitationSet();
        small.Files["test.index"] = System.Text.Encoding.ASCII.GetBytes(index);
        Assert.EndsWith(message, Refusal(small));
    }

    [Fact]
    public void Two_classes_for_one_node_are_refused()
    {
        using var small = new SmallCitationSet();
        small.Files["ty"] = PickleWriter.Labels([[1, 0], [0, 1], [1, 1], [0, 1]]);
        Assert.EndsWith("row 2: found 2 classes, needed 1", Refusal(small));
    }

    [Fact]
    public void A_test_node_without_label_is_refused()
    {
        using var small = new SmallCitationSet();
        small.Files["ty"] = PickleWriter.Labels([[1, 0], [0, 1], [0, 0], [0, 1]]);
        Assert.EndsWith("found test node 11 without label, needed a labelled one", Refusal(small));
    }

    [Fact]
    public void A_feature_that_is_not_a_number_is_refused()
    {
        using var small = new SmallCitationSet();
        small.Files["tx"] = PickleWriter.Matrix(4, 3, [0, 1, 2, 3, 4], [0, 0, 0, 0], [1, 1, float.NaN, 1]);
        Assert.EndsWith("value of entry [2]: found NaN, needed a finite number", Refusal(small));
    }

    [Fact]
    public void Parts_of_different_width_are_refused()
    {
        using var small = new SmallCitationSet();
        small.Files["tx"] = PickleWriter.Matrix(4, 5, [0, 1, 2, 3, 4], [0, 0, 0, 0], [1, 1, 1, 1]);
        Assert.EndsWith("ind.citeseer.tx: found 5 features, needed 3", Refusal(small));
    }

    private static NodeDataset Load(SmallCitationSet small) => NodeDatasets.Load(new() { Dataset = "citeseer", RowNormalize = false }, [small.Write()]);

    private static string Refusal(SmallCitationSet small) => Assert.Throws<DataException>(() => Load(small)).Message;
}
