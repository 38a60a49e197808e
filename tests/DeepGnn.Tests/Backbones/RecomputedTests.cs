using Contracts;
using DeepGnn.Aggregation;
using DeepGnn.Models;
using DeepGnn.Runtime;
using Testing;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Backbones;

/// <summary>Models whose layers run again in the backward pass, against the same ones that keep everything.</summary>
public sealed class RecomputedTests
{
    [Theory]
    [InlineData(Backbone.Plain, Convolution.Gcn, Normalization.Batch, 1)]
    [InlineData(Backbone.Res, Convolution.Gat, Normalization.Layer, 3)]
    [InlineData(Backbone.ResPlus, Convolution.Gen, Normalization.Batch, 1)]
    [InlineData(Backbone.ResPlus, Convolution.Gen, Normalization.Layer, 3)]
    [InlineData(Backbone.Dense, Convolution.Sage, Normalization.Group, 2)]
    [InlineData(Backbone.Initial, Convolution.Gcn, Normalization.None, 3)]
    public void Gradients_statistics_and_random_numbers_are_those_of_the_kept_pass(Backbone backbone, Convolution convolution, Normalization normalization, int layers)
    {
        using var scope = NewDisposeScope();
        var spec = new ModelSpec
        {
            Backbone = backbone, Convolution = convolution, Normalization = normalization, Layers = 8, HiddenChannels = 8, Dropout = 0.3, Heads = 1,
        };
        using var model = new DeepGcn(spec, 6, 3);
        var before = model.state_dict().ToDictionary(entry => entry.Key, entry => entry.Value.clone());

        var kept = Pass(model, before, 0);
        var again = Pass(model, before, layers);

        Assert.Equal(kept.Count, again.Count);
        // What several layers read (a dense layer's input, GCNII's first features) gets their gradients summed in another order.
        Assert.All(kept.Zip(again), pair => Assert.True(backbone is Backbone.Dense or Backbone.Initial
            ? pair.First.allclose(pair.Second, rtol: 1e-4, atol: 1e-5)
            : pair.First.equal(pair.Second).all().item<bool>()));
    }

    [Fact]
    public void Tied_layers_run_again_too()
    {
        using var scope = NewDisposeScope();
        using var model = new DeepGcn(new() { Layers = 7, HiddenChannels = 8, TieWeights = true, Dropout = 0.2 }, 6, 3);
        var before = model.state_dict().ToDictionary(entry => entry.Key, entry => entry.Value.clone());

        var (kept, again) = (Pass(model, before, 0), Pass(model, before, 2));

        // Sums over the layers in another order.
        Assert.All(kept.Zip(again), pair => Assert.True(pair.First.allclose(pair.Second, rtol: 1e-4, atol: 1e-4)));
    }

    [Fact]
    public void Each_layer_keeps_its_input_alone()
    {
        const long activation = 4000 * 64 * sizeof(float);
        var spec = new ModelSpec { Convolution = Convolution.Gen, Layers = 20, HiddenChannels = 64, Dropout = 0.1 };
        Kept(spec, 1); // compiled code

        Assert.InRange(Kept(spec, 1), 20 * activation, 32 * activation);
        Assert.InRange(Kept(spec, 0), 60 * activation, long.MaxValue);
    }

    private static List<Tensor> Pass(DeepGcn model, Dictionary<string, Tensor> before, int segment)
    {
        random.manual_seed(2);
        var graph = RandomGraph.Of(30, 120, seed: 4);
        using var features = Features(30, 6);
        model.load_state_dict(before);
        model.zero_grad();
        model.Segments = Segments(6, segment); // the last layers keep theirs
        model.train();
        random.manual_seed(3);
        model.forward(features, graph).pow(2).sum().backward();
        return [.. model.parameters().Select(p => (p.grad ?? zeros_like(p)).clone()), .. model.buffers().Select(b => b.clone()), rand(5)];
    }

    private static int[] Segments(int layers, int length) => length == 0 ? [] : [.. Enumerable.Range(0, layers).Chunk(length).Select(part => part.Length)];

    private static long Kept(ModelSpec spec, int segment)
    {
        Assert.True(TorchAllocator.Install());
        var graph = RandomGraph.Of(4000, 20000, seed: 2);
        using var features = Features(4000, 64);
        using var model = new DeepGcn(spec, 64, 3) { Segments = Segments(20, segment) };
        model.train();
        using var scope = NewDisposeScope();
        Garbage.Collect();
        var before = TorchAllocator.Cache.InUse;
        var scores = model.forward(features, graph);
        Garbage.Collect();
        return TorchAllocator.Cache.InUse - before;
    }

    private static InputFeatures Features(int nodes, int channels)
    {
        using var x = randn(nodes, channels);
        return new InputFeatures(DeepGnn.Datasets.FeatureMatrix.FromDense(nodes, channels, x.data<float>().ToArray()), CPU);
    }
}
