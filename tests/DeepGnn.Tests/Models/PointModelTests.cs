using Contracts;
using DeepGnn.Aggregation;
using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using DeepGnn.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Models;

public sealed class PointModelTests
{
    private static readonly LayerOptions Batch = new() { Norm = HiddenNorm.Batch, NormFirst = false };

    public static TheoryData<Backbone, CloudConvolution, CloudGraph, HiddenNorm> Kinds()
    {
        var kinds = new TheoryData<Backbone, CloudConvolution, CloudGraph, HiddenNorm>();
        foreach (var block in new[] { Backbone.Plain, Backbone.Res, Backbone.Dense })
        {
            foreach (var convolution in Enum.GetValues<CloudConvolution>())
            {
                foreach (var graph in Enum.GetValues<CloudGraph>())
                {
                    foreach (var norm in Enum.GetValues<HiddenNorm>()) { kinds.Add(block, convolution, graph, norm); }
                }
            }
        }

        return kinds;
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_kind_is_trained_as_a_whole_and_does_not_depend_on_the_order_of_points(
        Backbone block, CloudConvolution convolution, CloudGraph graph, HiddenNorm norm)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(1);
        using var model = new PointSegmentation(Small(block) with { Convolution = convolution, Graph = graph, Layer = Batch with { Norm = norm } });
        model.to(ScalarType.Float64);
        var x = randn(60, 6, float64);
        var clouds = new GraphBatch([.. Enumerable.Range(0, 60).Select(i => i / 30)]);

        var scores = model.call(x, clouds);
        scores.square().sum().backward();
        Assert.Equal([60, 3], scores.shape);
        Assert.All(model.named_parameters(), p => Assert.True(p.parameter.grad is not null, $"{p.name} has no gradient"));

        model.eval();
        var order = cat([randperm(30), randperm(30) + 30]);
        var (expected, found) = (model.call(x, clouds).index_select(0, order), model.call(x.index_select(0, order), clouds));
        Assert.True((expected - found).abs().max().item<double>() < 1e-9);
    }

    public static TheoryData<HiddenNorm, bool, Activation> FusedLayers() => new()
    {
        { HiddenNorm.Batch, false, Activation.Relu },
        { HiddenNorm.Batch, true, Activation.Relu },
        { HiddenNorm.Batch, false, Activation.LeakyRelu },
        { HiddenNorm.Batch, true, Activation.None },
        { HiddenNorm.None, true, Activation.LeakyRelu },
    };

    /// <summary>Rows of 600 points come together in two pieces; the clouds lie across them, one in parts.</summary>
    [Theory]
    [MemberData(nameof(FusedLayers))]
    public void Fusion_as_one_function_equals_separate_operators(HiddenNorm norm, bool normFirst, Activation activation)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(6);
        var layer = new LayerOptions { Norm = norm, NormFirst = normFirst, Activation = activation };
        using var model = new PointSegmentation(Small(Backbone.Res) with { Layer = layer, Epsilon = 0, Dropout = 0 });
        model.to(ScalarType.Float64);
        using (no_grad()) { foreach (var parameter in model.parameters().Where(p => p.dim() == 1)) { parameter.copy_(randn_like(parameter)); } }
        var x = randn(600, 6, float64);
        var clouds = new GraphBatch([.. Enumerable.Range(0, 600).Select(i => i / 250)]);

        var (fused, plain) = (Trained(KernelSet.Simd), Trained(KernelSet.Torch));

        Assert.All(fused.Zip(plain), pair => Assert.True((pair.First - pair.Second).abs().max().item<double>() < 1e-9));

        Tensor[] Trained(KernelSet kernels)
        {
            using var chosen = Kernels.Use(kernels);
            random.manual_seed(8);
            var (buffers, before) = (model.buffers().ToArray(), model.buffers().Select(b => b.clone()).ToArray());
            var scores = model.call(x, clouds);
            var gradients = autograd.grad([scores], [.. model.parameters()], [randn(600, 3, float64)]);
            var learnt = buffers.Select(b => b.to(float64).clone()).ToArray();
            using var constant = no_grad();
            foreach (var (buffer, was) in buffers.Zip(before)) { buffer.copy_(was); }
            return [scores.detach(), .. gradients, .. learnt];
        }
    }

    [Theory]
    [InlineData(CloudGraph.Static, true)]
    [InlineData(CloudGraph.Dynamic, false)]
    public void Only_a_static_graph_follows_the_coordinates_beyond_the_head(CloudGraph graph, bool follows)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(5);
        // Neither coordinates nor neighbours reach the head's output: all that space can change is the graph of the blocks.
        using var model = new PointSegmentation(Small(Backbone.Res) with { Graph = graph });
        model.to(ScalarType.Float64).eval();
        using (no_grad())
        {
            var weight = model.state_dict()["head.nn.0.weight"].view(8, 2, 6);
            weight.narrow(1, 1, 1).zero_();
            weight.narrow(2, 0, 3).zero_();
        }

        var x = randn(60, 6, float64);
        var moved = cat([randn(60, 3, float64), x.narrow(1, 3, 3)], dim: 1);
        var changed = (model.call(x, null) - model.call(moved, null)).abs().max().item<double>() > 1e-9;
        Assert.Equal(follows, changed);
    }

    [Fact]
    public void Dilation_and_radius_choose_other_neighbours_in_space()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(2);
        var x = randn(50, 6, float64);
        var (dilated, near) = (Small(Backbone.Res) with { Graph = CloudGraph.Static }, Small(Backbone.Res) with { Graph = CloudGraph.Static, Dilated = false });
        using var first = new PointSegmentation(dilated);
        using var second = new PointSegmentation(near);
        first.to(ScalarType.Float64).eval();
        second.to(ScalarType.Float64).eval();
        second.load_state_dict(first.state_dict());

        Assert.NotEqual(0, (first.call(x, null) - second.call(x, null)).abs().max().item<double>());

        // A radius that no neighbour is beyond changes nothing; one that only the point itself is within does.
        using var wide = new PointSegmentation(near with { Radius = 100 });
        using var narrow = new PointSegmentation(near with { Radius = 1e-6 });
        foreach (var model in new[] { wide, narrow }) { model.to(ScalarType.Float64).eval(); model.load_state_dict(first.state_dict()); }
        Assert.Equal(0, (wide.call(x, null) - second.call(x, null)).abs().max().item<double>());
        Assert.NotEqual(0, (narrow.call(x, null) - second.call(x, null)).abs().max().item<double>());
    }

    [Theory]
    [InlineData(CloudGraph.Dynamic)]
    [InlineData(CloudGraph.Static)]
    public void Random_neighbours_are_drawn_only_while_training(CloudGraph graph)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        var x = randn(60, 6);
        using var model = new PointSegmentation(Small(Backbone.Res) with { Epsilon = 1, Graph = graph, Layer = Batch with { Norm = HiddenNorm.None } });

        double Difference() => (model.call(x, null) - model.call(x, null)).abs().max().item<float>();
        Assert.NotEqual(0, Difference());
        model.eval();
        Assert.Equal(0, Difference());
    }

    [Theory]
    [InlineData(Backbone.Res, null, 28, 432)]
    [InlineData(Backbone.Dense, null, 14, 208)]
    [InlineData(Backbone.Plain, null, 28, 16)]
    [InlineData(Backbone.Plain, true, 28, 432)]
    [InlineData(Backbone.Res, false, 28, 16)]
    [InlineData(Backbone.Res, null, 1, 16)]
    public void The_points_needed_are_k_times_the_largest_dilation(Backbone block, bool? dilated, int blocks, int needed)
    {
        var options = new PointSegmentationOptions { Block = block, Dilated = dilated, Blocks = blocks };
        Assert.Equal(needed, options.PointsNeeded);
        options.Check(needed);
        Assert.Equal(
            $"clouds of {needed - 1} points: needed at least k·dilation = 16·{needed / 16} = {needed} for {blocks} blocks",
            Assert.Throws<ArgumentException>(() => options.Check(needed - 1)).Message);
    }

    [Fact]
    public void A_radius_needs_a_static_graph()
    {
        Assert.StartsWith("radius: found 0.5 with a Dynamic graph", Assert.Throws<ArgumentException>(() => new PointSegmentationOptions { Radius = 0.5 }.Check(5_000)).Message);
        new PointSegmentationOptions { Radius = 0.5, Graph = CloudGraph.Static }.Check(5_000);
    }

    [Theory]
    [InlineData(CloudGraph.Dynamic)]
    [InlineData(CloudGraph.Static)]
    public void Too_small_a_cloud_is_refused_in_the_pass_too(CloudGraph graph)
    {
        using var scope = NewDisposeScope();
        using var model = new PointSegmentation(Small(Backbone.Res) with { Graph = graph });
        var error = Assert.Throws<ArgumentException>(() => model.call(randn(9, 6), null));
        Assert.StartsWith("cloud of 9 points: needed at least k·dilation = 4·3 = 12", error.Message);
    }

    [Fact]
    public void Classification_gives_one_row_for_each_cloud_and_sees_no_other_cloud()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(4);
        using var model = new PointClassification(new()
        {
            InChannels = 3, Classes = 5, Channels = 8, Blocks = 3, K = 4, Fusion = 16, Hidden = (12, 8),
        });
        model.to(ScalarType.Float64);
        var x = randn(70, 3, float64);
        var clouds = new GraphBatch([.. Enumerable.Range(0, 70).Select(i => i < 40 ? 0 : 1)]);

        var scores = model.call(x, clouds);
        scores.square().sum().backward();
        Assert.Equal([2, 5], scores.shape);
        Assert.All(model.named_parameters(), p => Assert.True(p.parameter.grad is not null, $"{p.name} has no gradient"));
        Assert.Equal([12, 32], model.state_dict()["prediction.0.0.weight"].shape);
        Assert.DoesNotContain("fusion_block.0.bias", model.state_dict().Keys);

        model.eval();
        var alone = cat([model.call(x.narrow(0, 0, 40), null), model.call(x.narrow(0, 40, 30), null)]);
        Assert.True((model.call(x, clouds) - alone).abs().max().item<double>() < 1e-9);
    }

    private static PointSegmentationOptions Small(Backbone block) => new()
    {
        InChannels = 6, Classes = 3, Channels = 8, Blocks = 4, K = 4, Block = block, Fusion = 16, Hidden = (12, 8), Epsilon = 0, Dropout = 0,
    };
}
