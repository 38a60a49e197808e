using Contracts;
using DeepGnn.Aggregation;
using DeepGnn.Backbones;
using DeepGnn.Convolutions;
using DeepGnn.Datasets;
using DeepGnn.Models;
using DeepGnn.Normalizations;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Backbones;

public sealed class FixedPointTests
{
    [Fact]
    public void The_search_finds_the_solution_of_a_linear_equation()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        // ‖A‖ is about 1.1: the plain iteration runs away.
        var a = randn(40, 40, float64) * (0.9 / Math.Sqrt(40)) * -0.6;
        var b = randn(40, 3, float64);
        var expected = linalg.solve(eye(40, dtype: float64) - a, b);

        var found = FixedPoint.Of(z => a.matmul(z) + b, b, 200, 1e-12);

        Assert.True(found.Residual <= 1e-12);
        Assert.InRange(found.Steps, 2, 150);
        Assert.True(found.Point.allclose(expected, rtol: 1e-9, atol: 1e-9));
    }

    [Fact]
    public void The_search_ends_at_the_most_steps_and_says_what_is_left()
    {
        using var scope = NewDisposeScope();
        var found = FixedPoint.Of(z => (z * 0.9) + 1, zeros(4), 3, 0);
        Assert.Equal(3, found.Steps);
        Assert.True(found.Residual > 0);
    }

    [Theory]
    [InlineData("gcn")]
    [InlineData("sage")]
    [InlineData("gen")]
    [InlineData("gat")]
    [InlineData("edge")]
    public void Gradients_are_those_of_the_layer_applied_many_times(string convolution)
    {
        using var scope = NewDisposeScope();
        var (layer, graph, x) = Layer(convolution);
        var weights = layer.parameters().ToList();

        var z = layer.forward(x, graph);
        var found = autograd.grad([z.square().sum()], [x, .. weights], allow_unused: true);

        // The block is the layer's only child.
        var block = (CouplingBlock)layer.children().Single();
        var unrolled = x;
        for (var i = 0; i < 150; i++) { unrolled = x + block.forward(unrolled, graph); }
        var expected = autograd.grad([unrolled.square().sum()], [x, .. weights], allow_unused: true);

        Assert.True(layer.Residual <= layer.Tolerance, $"found {layer.Residual}");
        Assert.True(z.allclose(unrolled, rtol: 1e-8, atol: 1e-8));
        foreach (var (one, other) in found.Zip(expected))
        {
            var (a, b) = (Or(one, x), Or(other, x));
            Assert.True((a - b).norm().ToDouble() <= 1e-7 * Math.Max(1, b.norm().ToDouble()), $"{convolution}: found {(a - b).norm().ToDouble()} of {b.norm().ToDouble()}");
        }
    }

    [Fact]
    public void A_mask_is_drawn_once_for_all_evaluations()
    {
        using var scope = NewDisposeScope();
        var (layer, graph, x) = Layer("sage", dropout: 0.4);
        layer.train();
        manual_seed(5);
        var one = layer.forward(x, graph);
        Assert.True(layer.Residual <= layer.Tolerance, $"found {layer.Residual}");
        manual_seed(5);
        var same = layer.forward(x, graph);
        var other = layer.forward(x, graph);
        layer.eval();
        Assert.True(one.equal(same).all().ToBoolean());
        Assert.False(one.allclose(other));
        Assert.False(one.allclose(layer.forward(x, graph)));
    }

    [Fact]
    public void A_model_keeps_its_fixed_point_however_many_evaluations_it_may_take()
    {
        using var scope = NewDisposeScope();
        var spec = new ModelSpec { Backbone = Backbone.FixedPoint, Convolution = Convolution.Gcn, Layers = 100, HiddenChannels = 16 };
        using var model = new DeepGcn(spec, 6, 3);
        Assert.Equal(new DeepGcn(spec with { Layers = 5 }, 6, 3).parameters().Sum(p => p.numel()), model.parameters().Sum(p => p.numel()));
        Assert.Single(model.BackboneLayers);
        Assert.Equal(["deq"], new[] { ContractJson.NameOf(spec.Backbone) });
    }

    [Fact]
    public void Edge_features_that_live_for_the_forward_pass_alone_are_there_in_the_backward_pass()
    {
        using var scope = NewDisposeScope();
        manual_seed(4);
        var graph = RandomGraph.Of(30, 120, seed: 4);
        var spec = new ModelSpec { Backbone = Backbone.FixedPoint, Convolution = Convolution.Gen, Layers = 20, HiddenChannels = 8, EdgeFeatures = true, DropEdge = 0.3 };
        using var model = new DeepGcn(spec, 6, 3, edgeChannels: 4);
        using var x = new InputFeatures(FeatureMatrix.FromDense(30, 6, randn(30, 6).data<float>().ToArray()), CPU);
        model.train();

        model.forward(x, graph, randn(graph.EdgeCount, 4)).square().sum().backward();

        Assert.All(model.parameters(), parameter => Assert.True(parameter.grad is not null && parameter.grad.isfinite().all().ToBoolean()));
    }

    private static (FixedPointLayer Layer, DeepGnn.Graphs.Graph Graph, Tensor X) Layer(string convolution, double dropout = 0)
    {
        manual_seed(2);
        GraphConvolution conv = convolution switch
        {
            "gcn" => new GcnConv(8, 8),
            "sage" => new SageConv(8, 8),
            "gen" => new GenConv(8, 8),
            "gat" => new GatConv(8, 8),
            _ => new EdgeConv(8, 8),
        };
        var layer = new FixedPointLayer(new CouplingBlock(conv, new LayerNorm(8), nn.ReLU()), dropout, 400) { Tolerance = 1e-11 };
        layer.to(float64);
        // Halved, so that the plain iteration converges too.
        foreach (var weight in layer.parameters().Where(p => p.dim() == 2)) { using var _ = no_grad(); weight.mul_(0.5); }
        return (layer, RandomGraph.Of(20, 70, seed: 3), (2 * randn(20, 8, float64)).requires_grad_());
    }

    private static Tensor Or(Tensor? found, Tensor like) => found is { IsInvalid: false } ? found : zeros(1, like.dtype);
}
