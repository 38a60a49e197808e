using Contracts;
using DeepGnn.Aggregation;
using DeepGnn.Datasets;
using DeepGnn.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Models;

/// <summary>A thinned graph and what it keeps are let go after the forward pass: the backward pass may not need them from it.</summary>
public sealed class DroppedEdgesTests
{
    [Theory]
    [InlineData(Backbone.Initial, Convolution.Gcn)]
    [InlineData(Backbone.FixedPoint, Convolution.Gcn)]
    [InlineData(Backbone.Reversible, Convolution.Gcn)]
    [InlineData(Backbone.ResPlus, Convolution.Gcn)]
    [InlineData(Backbone.ResPlus, Convolution.Gen)]
    [InlineData(Backbone.ResPlus, Convolution.Sage)]
    [InlineData(Backbone.ResPlus, Convolution.Graph)]
    [InlineData(Backbone.ResPlus, Convolution.Gin)]
    [InlineData(Backbone.ResPlus, Convolution.Gat)]
    [InlineData(Backbone.ResPlus, Convolution.Gatv2)]
    [InlineData(Backbone.ResPlus, Convolution.Edge)]
    [InlineData(Backbone.ResPlus, Convolution.Mr)]
    [InlineData(Backbone.Dense, Convolution.Sage)]
    public void Every_parameter_gets_a_gradient(Backbone backbone, Convolution convolution)
    {
        using var scope = NewDisposeScope();
        manual_seed(4);
        var graph = RandomGraph.Of(30, 120, seed: 4);
        var normalization = backbone == Backbone.Initial ? Normalization.None : Normalization.Layer;
        using var model = new DeepGcn(
            new() { Backbone = backbone, Convolution = convolution, Normalization = normalization, Layers = 6, HiddenChannels = 8, DropEdge = 0.3 }, 6, 3);
        using var x = new InputFeatures(FeatureMatrix.FromDense(30, 6, randn(30, 6).data<float>().ToArray()), CPU);
        model.train();

        model.forward(x, graph).square().sum().backward();

        Assert.All(model.parameters(), parameter => Assert.True(parameter.grad is not null && parameter.grad.isfinite().all().ToBoolean()));
    }
}
