using DeepGnn.Aggregation;
using DeepGnn.Convolutions;
using DeepGnn.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Convolutions;

/// <summary>Layers as one function against the same layers in operators of libtorch.</summary>
public sealed class Gcn2ConvTests
{
    [Theory]
    [InlineData(64, 0.1, 1)]
    [InlineData(13, 0.1, 4)]
    [InlineData(1, 0.5, 2)]
    [InlineData(33, 0, 3)]
    [InlineData(16, 1, 2)]
    public void Values_and_gradients_equal_those_of_separate_operators(int width, double alpha, int count)
    {
        using var scope = NewDisposeScope();
        var layers = Layers(width, alpha, count, ScalarType.Float64);

        var fused = Run(layers, KernelSet.Simd, 0);
        var plain = Run(layers, KernelSet.Torch, 0);

        Assert.All(fused.Zip(plain), pair => Assert.True((pair.First - pair.Second).abs().max().item<double>() < 1e-11));
    }

    [Fact]
    public void Gradients_equal_differences()
    {
        using var scope = NewDisposeScope();
        var layers = Layers(9, 0.2, 3, ScalarType.Float64);
        var graph = RandomGraph.Of(12, 40, seed: 5);

        Assert.True(GradCheck.Error(inputs => Gcn2Conv.Rectified(layers, inputs[0], inputs[1], graph, 0), randn(12, 9, float64), randn(12, 9, float64)) < 1e-6);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Dropout_is_that_of_the_separate_operator(int count)
    {
        using var scope = NewDisposeScope();
        var layers = Layers(40, 0.1, count, ScalarType.Float32);

        var fused = Run(layers, KernelSet.Simd, 0.6);
        var plain = Run(layers, KernelSet.Torch, 0.6);

        Assert.All(fused.Zip(plain), pair => Assert.True((pair.First - pair.Second).abs().max().item<float>() < 2e-4 * count));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Layers_together_are_the_layers_one_by_one(int count)
    {
        using var scope = NewDisposeScope();
        var layers = Layers(24, 0.1, count, ScalarType.Float32);
        var graph = RandomGraph.Of(100, 300, seed: 2);
        var (x, initial) = (randn(100, 24), randn(100, 24));

        random.manual_seed(8);
        var together = Gcn2Conv.Rectified(layers, x, initial, graph, 0.5);
        random.manual_seed(8);
        var alone = layers.Aggregate(x, (h, layer) => Gcn2Conv.Rectified([layer], h, initial, graph, 0.5));

        Assert.True(together.equal(alone).all().item<bool>());
    }

    [Fact]
    public void Gradients_that_nobody_wants_are_not_missed()
    {
        using var scope = NewDisposeScope();
        var layers = Layers(8, 0.1, 2, ScalarType.Float32);
        foreach (var parameter in layers.SelectMany(layer => layer.parameters())) { parameter.requires_grad = false; }
        var graph = RandomGraph.Of(10, 30, seed: 3);
        var (x, initial) = (randn(10, 8), randn(10, 8).requires_grad_());

        Gcn2Conv.Rectified(layers, x, initial, graph, 0).sum().backward();

        Assert.NotNull(initial.grad);
        Assert.Null(x.grad);
    }

    [Fact]
    public void Bits_do_not_depend_on_the_number_of_threads()
    {
        using var scope = NewDisposeScope();
        var layers = Layers(64, 0.1, 3, ScalarType.Float32);
        var threads = get_num_threads();
        try
        {
            var found = new[] { 1, 2, 5 }.Select(count =>
            {
                set_num_threads(count);
                return Run(layers, KernelSet.Simd, 0.6, nodes: 3_000);
            }).ToArray();

            Assert.All(found[1..], other => Assert.All(found[0].Zip(other), pair => Assert.True(pair.First.equal(pair.Second).all().item<bool>())));
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
        var layers = Layers(16, 0.1, 2, ScalarType.Float32);
        var graph = RandomGraph.Of(5, 9, seed: 1);

        Assert.True(Gcn2Conv.Rectified(layers, full([5, 16], float.NaN), zeros(5, 16), graph, 0).isnan().all().item<bool>());
    }

    private static Gcn2Conv[] Layers(int width, double alpha, int count, ScalarType type)
    {
        random.manual_seed(3);
        return [.. Enumerable.Range(1, count).Select(l => (Gcn2Conv)new Gcn2Conv(width, alpha, theta: 0.5, layer: l).to(type))];
    }

    // Result and gradients of x, X_0 and the weights.
    private static Tensor[] Run(Gcn2Conv[] layers, KernelSet kernels, double dropout, int nodes = 200)
    {
        using var chosen = Kernels.Use(kernels);
        random.manual_seed(7);
        Tensor[] weights = [.. layers.SelectMany(layer => layer.parameters())];
        var (width, type) = (weights[0].shape[0], weights[0].dtype);
        var graph = RandomGraph.Of(nodes, 5 * nodes, seed: 2);
        var (x, initial) = (randn(nodes, width, type).requires_grad_(), randn(nodes, width, type).requires_grad_());
        var y = Gcn2Conv.Rectified(layers, x, initial, graph, dropout);
        var found = autograd.grad([y], [x, initial, .. weights], [randn(nodes, width, type)], allow_unused: true);
        return [y, .. found.Select(gradient => gradient is { IsInvalid: false } ? gradient : zeros(1, type))];
    }
}
