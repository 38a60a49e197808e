using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Graphs;

public sealed class GraphTests
{
    [Fact]
    public void Incoming_and_outgoing_rows_hold_each_edge_once_in_the_order_of_the_list()
    {
        var graph = new Graph(4, [2, 0, 2, 3, 2], [1, 1, 0, 3, 1]);

        Assert.Equal([0, 1, 4, 4, 5], graph.Incoming.Offsets);
        Assert.Equal([2, 2, 0, 2, 3], graph.Incoming.Neighbors);
        Assert.Equal([2, 0, 1, 4, 3], graph.Incoming.Edges);
        Assert.Equal([0, 1, 1, 4, 5], graph.Outgoing.Offsets);
        Assert.Equal([1, 0, 2, 4, 3], graph.Outgoing.Edges);
    }

    [Fact]
    public void Self_loops_are_added_once_and_the_last_existing_one_is_kept()
    {
        var loops = new Graph(3, [0, 1, 1, 2, 1], [1, 1, 0, 0, 1]).WithSelfLoops;

        Assert.Equal([0, 1, 2, 0, 1, 2], loops.Graph.Sources);
        Assert.Equal([1, 0, 0, 0, 1, 2], loops.Graph.Targets);
        Assert.Equal([0, 2, 3, -1, 4, -1], loops.Origins());
    }

    [Fact]
    public void Kept_tensors_are_made_once_and_survive_the_scope_they_were_made_in()
    {
        var graph = new Graph(3, [0, 1], [1, 2]);
        EdgeIndex first;
        using (NewDisposeScope()) { first = graph.IndexOn(CPU); }

        Assert.Same(first.Sources, graph.IndexOn(CPU).Sources);
        Assert.Equal([1L, 2L], first.Targets.data<long>().ToArray());

        graph.ReleaseTensors();
        Assert.True(first.Sources.IsInvalid);
        Assert.Equal([0L, 1L], graph.IndexOn(CPU).Sources.data<long>().ToArray());
        graph.ReleaseTensors();
    }

    [Theory]
    [InlineData(-1, "source -1")]
    [InlineData(3, "source 3")]
    public void Edge_out_of_range_is_refused_by_name(int source, string said) =>
        Assert.Contains(said, Assert.Throws<ArgumentException>(() => new Graph(3, [0, source], [0, 1])).Message);
}
