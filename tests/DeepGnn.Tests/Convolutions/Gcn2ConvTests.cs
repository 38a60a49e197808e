using DeepGnn.Aggregation;
using DeepGnn.Convolutions;
using DeepGnn.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Convolutions;

/// <summary>The layer as one function against the same layer in operators of libtorch.</summary>
public sealed class Gcn2ConvTests
{
    [Theory]
    [InlineData(64, 0.1)]
    [InlineData(13, 0.1)]
    [InlineData(1, 0.5)]
    [InlineData(33, 0)]
    [InlineData(16, 1)]
    public void Values_and_gradients_equal_those_of_separate_operators(int width, double alpha)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        using var conv = new Gcn2Conv(width, alpha, theta: 0.5, layer: 2);
        conv.to(ScalarType.Float64);

        var fused = Run(conv, KernelSet.Simd, ScalarType.Float64, null);
        var plain = Run(conv, KernelSet.Torch, ScalarType.Float64, null);

        Assert.All(fused.Zip(plain), pair => Assert.True((pair.First - pair.Second).abs().max().item<double>() < 1e-11));
    }

    [Fact]
    public void Gradients_equal_differences()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(4);
        using var conv = new Gcn2Conv(9, 0.2, theta: 1, layer: 1);
        conv.to(ScalarType.Float64);
        var graph = RandomGraph.Of(12, 40, seed: 5);

        Assert.True(GradCheck.Error(inputs => conv.Rectified(inputs[0], inputs[1], graph, null), randn(12, 9, float64), randn(12, 9, float64)) < 1e-6);
    }

    [Fact]
    public void Dropout_is_that_of_the_separate_operator()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(5);
        using var conv = new Gcn2Conv(40, 0.1, theta: 0.5, layer: 3);
        var mask = HashDropout.Draw(0.6);

        var fused = Run(conv, KernelSet.Simd, ScalarType.Float32, mask);
        var plain = Run(conv, KernelSet.Torch, ScalarType.Float32, mask);

        Assert.All(fused.Zip(plain), pair => Assert.True((pair.First - pair.Second).abs().max().item<float>() < 2e-4));
    }

    [Fact]
    public void Bits_do_not_depend_on_the_number_of_threads()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(6);
        using var conv = new Gcn2Conv(64, 0.1, theta: 0.5, layer: 3);
        var mask = HashDropout.Draw(0.6);
        var threads = get_num_threads();
        try
        {
            var found = new[] { 1, 2 }.Select(count =>
            {
                set_num_threads(count);
                return Run(conv, KernelSet.Simd, ScalarType.Float32, mask, nodes: 3_000);
            }).ToArray();

            Assert.All(found[0].Zip(found[1]), pair => Assert.True(pair.First.equal(pair.Second).all().item<bool>()));
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [Fact]
    public void Not_a_number_stays_one()
    {
        using var scope = NewDisposeScope();
        using var conv = new Gcn2Conv(16, 0.1);
        var graph = RandomGraph.Of(5, 9, seed: 1);

        Assert.True(conv.Rectified(full([5, 16], float.NaN), zeros(5, 16), graph, null).isnan().all().item<bool>());
    }

    // Result and gradients of x, X_0 and the weight.
    private static Tensor[] Run(Gcn2Conv conv, KernelSet kernels, ScalarType type, DropoutMask? mask, int nodes = 200)
    {
        using var chosen = Kernels.Use(kernels);
        random.manual_seed(7);
        var width = conv.parameters().First().shape[0];
        var graph = RandomGraph.Of(nodes, 5 * nodes, seed: 2);
        var (x, initial) = (randn(nodes, width, type).requires_grad_(), randn(nodes, width, type).requires_grad_());
        var y = conv.Rectified(x, initial, graph, mask);
        var found = autograd.grad([y], [x, initial, .. conv.parameters()], [randn(nodes, width, type)], allow_unused: true);
        return [y, .. found.Select(gradient => gradient is { IsInvalid: false } ? gradient : zeros(1, type))];
    }
}
