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
    // 40 channels are two passes over edges, 12 do not fill panels; with t of 30 some sums are done edge by edge, with 3,000 most.
    [Theory]
    [InlineData(8, Reduction.Softmax, 1, true, false)]
    [InlineData(8, Reduction.SoftmaxStopped, 1, false, false)]
    [InlineData(12, Reduction.Softmax, 1, true, true)]
    [InlineData(40, Reduction.Softmax, 1, true, false)]
    [InlineData(40, Reduction.Softmax, 1, false, true)]
    [InlineData(40, Reduction.Softmax, 30, true, false)]
    [InlineData(40, Reduction.Softmax, 3_000, true, false)]
    public void Layer_as_one_function_equals_separate_operators(int channels, Reduction reduction, double t, bool learnt, bool bias)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(5);
        var graph = RandomGraph.Of(60, 400, seed: 3);
        using var convolution = new GenConv(channels, channels, new GenConvOptions { Reduction = reduction, T = t, LearnT = learnt, Norm = HiddenNorm.Layer, Bias = bias });
        using var layer = new DeepGcnLayer(convolution, nn.LayerNorm(channels), nn.ReLU(), Backbone.ResPlus);
        layer.to(ScalarType.Float64);

        var (fused, fusedGradients) = Run(layer, channels, graph, KernelSet.Simd);
        var (separate, separateGradients) = Run(layer, channels, graph, KernelSet.Torch);

        Assert.True(Apart(fused, separate) < 1e-12);
        Assert.All(fusedGradients.Zip(separateGradients), pair => Assert.True(Apart(pair.First, pair.Second) < 1e-10 * (1 + pair.Second.abs().max().item<double>())));
    }

    [Fact]
    public void Dropout_in_the_function_is_that_of_the_separate_operator()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(6);
        var graph = RandomGraph.Of(60, 400, seed: 3);
        using var convolution = new GenConv(16, 16, new GenConvOptions { LearnT = true, Norm = HiddenNorm.Layer });
        using var layer = new DeepGcnLayer(convolution, nn.LayerNorm(16), nn.ReLU(), Backbone.ResPlus, dropout: 0.3);
        var x = randn(60, 16).requires_grad_();
        var weights = randn(60, 16);

        var (fused, fusedGradient) = Dropped();
        using var chosen = Kernels.Use(KernelSet.Torch);
        var (separate, separateGradient) = Dropped();

        Assert.True(Apart(fused, separate) < 1e-5);
        Assert.True(Apart(fusedGradient, separateGradient) < 1e-4);

        (Tensor Result, Tensor Gradient) Dropped()
        {
            random.manual_seed(8);
            var result = layer.call(x, graph);
            return (result, autograd.grad([result], [x], [weights])[0]);
        }
    }

    [Fact]
    public void Result_and_gradients_are_the_same_bits_on_any_number_of_threads()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(5);
        var graph = RandomGraph.Of(3_000, 30_000, seed: 3);
        using var convolution = new GenConv(96, 96, new GenConvOptions { LearnT = true, Norm = HiddenNorm.Layer });
        using var edge = new EdgeConv(96, 32, new LayerOptions { Norm = HiddenNorm.Batch, NormFirst = false });
        var x = randn(3_000, 96).requires_grad_();
        var weights = randn(3_000, 32);
        var threads = get_num_threads();
        try
        {
            var found = new[] { 1, 2, 5 }.Select(count =>
            {
                set_num_threads(count);
                var y = edge.call(convolution.call(x, graph), graph);
                return autograd.grad([y], [x], [weights]).Append(y).ToArray();
            }).ToArray();

            Assert.All(found[1..], other => Assert.All(found[0].Zip(other), pair => Assert.True(pair.First.equal(pair.Second).all().item<bool>())));
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    private static (Tensor Result, Tensor[] Gradients) Run(DeepGcnLayer layer, int channels, Graph graph, KernelSet kernels)
    {
        using var chosen = Kernels.Use(kernels);
        random.manual_seed(11);
        layer.zero_grad();
        var x = randn(60, channels, float64).requires_grad_();
        var result = layer.call(x, graph);
        (result * randn_like(result.detach())).sum().backward();
        return (result, [x.grad!, .. layer.parameters().Select(p => p.grad!.clone())]);
    }

    private static double Apart(Tensor a, Tensor b) => (a - b).abs().max().to(ScalarType.Float64).item<double>();
}
