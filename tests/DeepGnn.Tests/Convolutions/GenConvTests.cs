using Contracts;
using DeepGnn.Aggregation;
using DeepGnn.Backbones;
using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Convolutions;

/// <summary>The GENConv that is one function up to its perceptron's norm, against the one made of separate operators.</summary>
public sealed class GenConvTests
{
    [Theory]
    [InlineData(Reduction.Softmax, true, false)]
    [InlineData(Reduction.Softmax, false, true)]
    [InlineData(Reduction.SoftmaxStopped, false, false)]
    public void Layer_as_one_function_equals_separate_operators(Reduction reduction, bool learnt, bool bias)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(5);
        var graph = RandomGraph.Of(60, 400, seed: 3);
        using var convolution = new GenConv(8, 8, new GenConvOptions { Reduction = reduction, LearnT = learnt, Norm = HiddenNorm.Layer, Bias = bias });
        using var layer = new DeepGcnLayer(convolution, nn.LayerNorm(8), nn.ReLU(), Backbone.ResPlus);
        layer.to(ScalarType.Float64);

        var (fused, fusedGradients) = Run(layer, graph, KernelSet.Simd);
        var (separate, separateGradients) = Run(layer, graph, KernelSet.Torch);

        Assert.True(Apart(fused, separate) < 1e-12);
        Assert.All(fusedGradients.Zip(separateGradients), pair => Assert.True(Apart(pair.First, pair.Second) < 1e-10));
    }

    [Fact]
    public void Dropout_in_the_function_is_that_of_the_separate_operator()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(6);
        var graph = RandomGraph.Of(60, 400, seed: 3);
        using var convolution = new GenConv(16, 16, new GenConvOptions { LearnT = true, Norm = HiddenNorm.Layer });
        using var layer = new DeepGcnLayer(convolution, nn.LayerNorm(16), nn.ReLU(), Backbone.ResPlus, dropout: 0.3);
        var x = randn(60, 16);

        random.manual_seed(8);
        var fused = layer.call(x, graph);
        random.manual_seed(8);
        using var chosen = Kernels.Use(KernelSet.Torch);
        var separate = layer.call(x, graph);

        Assert.True(Apart(fused, separate) < 1e-5);
    }

    [Fact]
    public void Result_and_gradients_are_the_same_bits_on_one_and_on_two_threads()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(5);
        var graph = RandomGraph.Of(3_000, 30_000, seed: 3);
        using var convolution = new GenConv(32, 32, new GenConvOptions { LearnT = true, Norm = HiddenNorm.Layer });
        using var edge = new EdgeConv(32, 32, new LayerOptions { Norm = HiddenNorm.Batch, NormFirst = false });
        var x = randn(3_000, 32).requires_grad_();
        var weights = randn(3_000, 32);
        var threads = get_num_threads();
        try
        {
            var found = new[] { 1, 2 }.Select(count =>
            {
                set_num_threads(count);
                var y = edge.call(convolution.call(x, graph), graph);
                return autograd.grad([y], [x], [weights]).Append(y).ToArray();
            }).ToArray();

            Assert.All(found[0].Zip(found[1]), pair => Assert.True(pair.First.equal(pair.Second).all().item<bool>()));
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    private static (Tensor Result, Tensor[] Gradients) Run(DeepGcnLayer layer, Graph graph, KernelSet kernels)
    {
        using var chosen = Kernels.Use(kernels);
        random.manual_seed(11);
        layer.zero_grad();
        var x = randn(60, 8, float64).requires_grad_();
        var result = layer.call(x, graph);
        (result * randn_like(result.detach())).sum().backward();
        return (result, [x.grad!, .. layer.parameters().Select(p => p.grad!.clone())]);
    }

    private static double Apart(Tensor a, Tensor b) => (a - b).abs().max().to(ScalarType.Float64).item<double>();
}
