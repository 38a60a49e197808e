using DeepGnn.Aggregation;
using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Convolutions;

/// <summary>Renaming nodes and shuffling edges changes nothing but the order of the rows.</summary>
public sealed class EquivarianceTests
{
    private static readonly Dictionary<string, Func<GraphConvolution>> s_convolutions = new()
    {
        ["GCN"] = () => new GcnConv(5, 7),
        ["GCN that widens"] = () => new GcnConv(5, 3),
        ["GEN softmax"] = () => new GenConv(5, 7, new GenConvOptions { LearnT = true, MessageNorm = true }),
        ["GEN max"] = () => new GenConv(5, 5, new GenConvOptions { Reduction = Reduction.Max, Norm = HiddenNorm.Layer }),
        ["GraphConv"] = () => new GraphConv(5, 7),
        ["SAGE mean"] = () => new SageConv(5, 7),
        ["SAGE max, projected"] = () => new SageConv(5, 7, new SageConvOptions { Reduction = Reduction.Max, Project = true, Normalize = true }),
        ["GIN"] = () => new GinConv(nn.Linear(5, 7), 0.3),
        ["GINE"] = () => new GineConv(nn.Linear(5, 7)),
        ["GAT"] = () => new GatConv(5, 3, new AttentionOptions { Heads = 2 }),
        ["GATv2"] = () => new Gatv2Conv(5, 3, new AttentionOptions { Heads = 2, Concat = false }),
        ["APPNP"] = () => new Appnp(3, 0.2),
        ["EdgeConv"] = () => new EdgeConv(5, 7, new LayerOptions { Norm = HiddenNorm.Batch, NormFirst = false }),
        ["EdgeConv, norm first"] = () => new EdgeConv(5, 7, new LayerOptions { Norm = HiddenNorm.Batch, Activation = Activation.LeakyRelu }),
        ["EdgeConv of a perceptron"] = () => new PerceptronEdgeConv(nn.Sequential(("0", nn.Linear(10, 6)), ("1", nn.ReLU()), ("2", nn.Linear(6, 7)))),
        ["MRConv"] = () => new MrConv(5, 7),
        ["ViG SAGE"] = () => new VigSageConv(5, 7, new LayerOptions { Norm = HiddenNorm.Batch, Activation = Activation.Gelu }),
        ["DeeperGEN"] = () => new DeeperGenConv(5, 7, new DeeperGenConvOptions { Sum = true, LearnY = true, LearnT = true }),
        ["GEN power"] = () => new GenConv(5, 5, new GenConvOptions { Reduction = Reduction.PowerMean, LearnP = true }),
    };

    private static readonly Dictionary<string, Func<GraphConvolution>> s_withEdgeFeatures = new()
    {
        ["GEN"] = () => new GenConv(5, 7, new GenConvOptions { EdgeChannels = 3 }),
        ["GINE"] = () => new GineConv(nn.Linear(5, 7), edgeChannels: 3, inChannels: 5),
        ["GAT"] = () => new GatConv(5, 3, new AttentionOptions { Heads = 2, EdgeChannels = 3 }),
        ["GATv2"] = () => new Gatv2Conv(5, 3, new AttentionOptions { Heads = 2, EdgeChannels = 3 }),
    };

    public static TheoryData<string> WithEdgeFeatures() => [.. s_withEdgeFeatures.Keys];

    public static TheoryData<string> Names() => [.. s_convolutions.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Convolution_does_not_depend_on_the_order_of_nodes_and_edges(string name)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(7);
        var graph = RandomGraph.Of(20, 70, seed: 4);
        var (names, order) = (RandomGraph.Permutation(20, 1), RandomGraph.Permutation(70, 2));
        var renamed = RandomGraph.Renamed(graph, names, order);
        using var convolution = s_convolutions[name]();
        convolution.to(ScalarType.Float64);
        var x = randn(20, 5, float64);
        var rows = tensor(names.Select(n => (long)n).ToArray());
        var moved = zeros_like(x).index_copy_(0, rows, x);

        var expected = convolution.call(x, graph);
        var found = convolution.call(moved, renamed).index_select(0, rows);

        Assert.True((expected - found).abs().max().item<double>() < 1e-12);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Convolution_in_chunks_equals_that_of_the_whole_graph(string name)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(7);
        var graph = RandomGraph.Of(40, 130, seed: 4);
        using var convolution = s_convolutions[name]();
        convolution.to(ScalarType.Float64);
        using (no_grad()) { convolution.call(randn(40, 5, float64), graph); } // running statistics that are not those at the start
        convolution.eval();
        var x = randn(40, 5, float64);
        var expected = convolution.call(x, graph);

        foreach (var targets in new[] { 1, 7, 39, 100 })
        {
            var found = convolution.Convolved(x, graph.InChunks(targets, RandomGraph.Permutation(40, targets)));
            Assert.Equal(expected.shape, found.shape);
            Assert.InRange((expected - found).abs().max().item<double>(), 0, 1e-12 * expected.abs().max().item<double>());
        }
    }

    [Theory]
    [MemberData(nameof(WithEdgeFeatures))]
    public void Convolution_with_edge_features_in_chunks_equals_that_of_the_whole_graph(string name)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(7);
        var graph = RandomGraph.Of(40, 130, seed: 4);
        using var convolution = s_withEdgeFeatures[name]();
        convolution.to(ScalarType.Float64);
        convolution.eval();
        var (x, edges) = (randn(40, 5, float64), randn(130, 3, float64));

        var expected = convolution.forward(x, graph, edges);
        var found = convolution.Convolved(x, graph.InChunks(7), edges);

        Assert.InRange((expected - found).abs().max().item<double>(), 0, 1e-12 * expected.abs().max().item<double>());
    }

    [Fact]
    public void Chunks_are_refused_in_training_mode_and_where_edge_weights_make_the_degrees()
    {
        using var scope = NewDisposeScope();
        var graph = RandomGraph.Of(10, 30, seed: 1).InChunks(4);
        using var convolution = new GcnConv(5, 3);
        var x = randn(10, 5);

        Assert.Throws<InvalidOperationException>(() => convolution.Convolved(x, graph));
        convolution.eval();
        Assert.Throws<NotSupportedException>(() => convolution.Convolved(x, graph, ones(30)));
    }
}
