using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Convolutions;

/// <summary>The edge convolution that never makes a row per edge, against the one written as its formula: a row per edge.</summary>
public sealed class EdgeConvTests
{
    public static TheoryData<Activation, HiddenNorm, bool> Layers()
    {
        var data = new TheoryData<Activation, HiddenNorm, bool>();
        foreach (var activation in new[] { Activation.None, Activation.Relu, Activation.LeakyRelu })
        {
            foreach (var norm in new[] { HiddenNorm.None, HiddenNorm.Batch })
            {
                data.Add(activation, norm, true);
                data.Add(activation, norm, false);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public void Values_gradients_and_running_statistics_equal_a_row_per_edge(Activation activation, HiddenNorm norm, bool normFirst)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        var graph = RandomGraph.Of(30, 120, seed: 6);
        using var convolution = new EdgeConv(4, 9, new LayerOptions { Activation = activation, Norm = norm, NormFirst = normFirst });
        convolution.to(ScalarType.Float64);
        // Scales of both signs: the maximum turns into a minimum where they are negative.
        foreach (var (name, parameter) in convolution.named_parameters())
        {
            using var constant = no_grad();
            if (name.EndsWith("weight", StringComparison.Ordinal) && parameter.dim() == 1) { parameter.copy_(randn_like(parameter)); }
        }

        var layer = (Sequential)convolution.named_children().Single().module;
        var before = layer.state_dict().ToDictionary(s => s.Key, s => s.Value.clone());
        var (fast, fastGradients) = Run(convolution, x => convolution.call(x, graph));
        var after = layer.state_dict().ToDictionary(s => s.Key, s => s.Value.clone());
        layer.load_state_dict(before);
        var (slow, slowGradients) = Run(convolution, x => RowPerEdge(layer, x, graph));

        Assert.True(Apart(fast, slow) < 1e-12);
        Assert.All(fastGradients.Zip(slowGradients), pair => Assert.True(Apart(pair.First, pair.Second) < 1e-10));
        Assert.All(layer.state_dict(), s => Assert.True(Apart(s.Value, after[s.Key]) < 1e-12, s.Key));
    }

    [Fact]
    public void Graph_without_edges_gives_zeros_and_leaves_the_running_statistics()
    {
        using var scope = NewDisposeScope();
        using var convolution = new EdgeConv(4, 9, new LayerOptions { Norm = HiddenNorm.Batch });
        var norm = convolution.modules().OfType<BatchNorm1d>().Single();
        norm.running_mean!.fill_(0.5);
        norm.running_var!.fill_(2);

        var result = convolution.call(randn(30, 4), new Graph(30, [], []));

        Assert.Equal(0, Apart(result, zeros(30, 9)));
        Assert.Equal(0, Apart(norm.running_mean!, full([9], 0.5)));
        Assert.Equal(0, Apart(norm.running_var!, full([9], 2.0)));
    }

    [Fact]
    public void Perceptron_on_chunks_equals_a_row_per_edge()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        var graph = RandomGraph.Of(40, 400, seed: 6);
        var perceptron = nn.Sequential(("0", nn.Linear(8, 6)), ("1", nn.ReLU()), ("2", nn.Linear(6, 5)));
        using var convolution = new PerceptronEdgeConv(perceptron);
        convolution.to(ScalarType.Float64);

        var (fast, fastGradients) = Run(convolution, x => convolution.call(x, graph));
        var (slow, slowGradients) = Run(convolution, x => RowPerEdge(perceptron, x, graph));

        Assert.True(Apart(fast, slow) < 1e-12);
        Assert.All(fastGradients.Zip(slowGradients), pair => Assert.True(Apart(pair.First, pair.Second) < 1e-10));
    }

    private static (Tensor Result, Tensor[] Gradients) Run(nn.Module module, Func<Tensor, Tensor> forward)
    {
        random.manual_seed(11);
        module.zero_grad();
        var nodes = module is EdgeConv ? 30 : 40;
        var x = randn(nodes, 4, float64).requires_grad_();
        var result = forward(x);
        (result * randn_like(result.detach())).sum().backward();
        return (result, [x.grad!, .. module.parameters().Select(p => p.grad!.clone())]);
    }

    private static Tensor RowPerEdge(Sequential layer, Tensor x, Graph graph)
    {
        var index = graph.IndexOn(CPU);
        var own = x.index_select(0, index.Targets);
        var rows = layer.call(cat([own, x.index_select(0, index.Sources) - own], dim: 1)); // [E, F']
        var results = Enumerable.Range(0, graph.NodeCount).Select(i =>
        {
            var edges = Enumerable.Range(graph.Incoming.Offsets[i], graph.Incoming.Degree(i)).Select(k => (long)graph.Incoming.Edges[k]).ToArray();
            return edges.Length == 0 ? zeros(1, rows.shape[1], rows.dtype) : rows.index_select(0, tensor(edges)).max(0).values.unsqueeze(0);
        });
        return cat([.. results]);
    }

    private static double Apart(Tensor a, Tensor b) => (a - b).abs().max().to(ScalarType.Float64).item<double>();
}
