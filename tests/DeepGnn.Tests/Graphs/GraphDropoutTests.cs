using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Graphs;

public sealed class GraphDropoutTests
{
    private readonly Graph _graph = RandomGraph.Of(500, 5000, seed: 1);

    [Fact]
    public void Edges_are_dropped_with_their_probability_and_the_rest_keep_their_order()
    {
        random.manual_seed(1);
        var (graph, kept) = GraphDropout.DropEdges(_graph, 0.3);

        Assert.InRange(graph.EdgeCount, 3350, 3650);
        Assert.Equal(kept.Order(), kept);
        Assert.Equal(kept.Select(e => _graph.Sources[e]), graph.Sources);
        Assert.Equal(kept.Select(e => _graph.Targets[e]), graph.Targets);
    }

    [Fact]
    public void Dropped_nodes_stay_without_edges()
    {
        random.manual_seed(1);
        var (graph, kept) = GraphDropout.DropNodes(_graph, 0.5);
        var touched = graph.Sources.Concat(graph.Targets).ToHashSet();

        Assert.Equal(500, graph.NodeCount);
        Assert.InRange(kept.Length, 900, 1600); // both ends kept: about a quarter
        Assert.All(Enumerable.Range(0, _graph.EdgeCount).Except(kept), e =>
            Assert.False(touched.Contains(_graph.Sources[e]) && touched.Contains(_graph.Targets[e])));
    }

    [Fact]
    public void The_same_seed_drops_the_same_edges()
    {
        random.manual_seed(7);
        var first = GraphDropout.DropEdges(_graph, 0.5).Kept;
        random.manual_seed(7);

        Assert.Equal(first, GraphDropout.DropEdges(_graph, 0.5).Kept);
    }

    [Fact]
    public void Probability_zero_gives_the_graph_itself_and_one_is_refused()
    {
        Assert.Same(_graph, GraphDropout.DropEdges(_graph, 0).Graph);
        Assert.Throws<ArgumentOutOfRangeException>(() => GraphDropout.DropNodes(_graph, 1));
    }
}
