using DeepGnn.Aggregation;
using DeepGnn.Backbones;
using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using DeepGnn.Runtime;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Aggregation;

/// <summary>Every tensor of a forward and a backward pass comes from the block cache, which knows the largest it gave out.</summary>
public sealed class NoEdgeTensorTests
{
    private const int Nodes = 1_000;
    private const int Edges = 300_000;
    private const int Width = 64;
    private const long EdgeTensor = (long)Edges * Width * sizeof(float);

    private static readonly Dictionary<string, Func<GraphConvolution>> s_operators = new()
    {
        ["gcn"] = () => new GcnConv(Width, Width),
        ["sage, mean"] = () => new SageConv(Width, Width),
        ["sage, max"] = () => new SageConv(Width, Width, new SageConvOptions { Reduction = Reduction.Max }),
        ["gin"] = () => new GinConv(nn.Sequential(nn.Linear(Width, Width)), learnEpsilon: true),
        ["gen, softmax"] = () => new GenConv(Width, Width, new GenConvOptions { LearnT = true }),
        ["gen, one function"] = () => new GenConv(Width, Width, new GenConvOptions { LearnT = true, Norm = HiddenNorm.Layer }),
        ["gen, stopped softmax"] = () => new GenConv(Width, Width, new GenConvOptions { Reduction = Reduction.SoftmaxStopped }),
        ["gen, power mean"] = () => new GenConv(Width, Width, new GenConvOptions { Reduction = Reduction.PowerMean, P = 2, LearnP = true }),
        ["gen, max"] = () => new GenConv(Width, Width, new GenConvOptions { Reduction = Reduction.Max }),
        ["gat"] = () => new GatConv(Width, Width / 4, new AttentionOptions { Heads = 4 }),
        ["gatv2"] = () => new Gatv2Conv(Width, Width / 4, new AttentionOptions { Heads = 4 }),
        ["edge, norm after activation"] = () => new EdgeConv(Width, Width, new LayerOptions { Norm = HiddenNorm.Batch, NormFirst = false }),
        ["edge, norm before activation"] = () => new EdgeConv(Width, Width, new LayerOptions { Norm = HiddenNorm.Batch }),
        ["edge, perceptron"] = () => new PerceptronEdgeConv(nn.Sequential(nn.Linear(2 * Width, Width), nn.ReLU(), nn.Linear(Width, Width))),
        ["max-relative"] = () => new MrConv(Width, Width),
    };

    public static TheoryData<KernelSet, string> Operators()
    {
        var data = new TheoryData<KernelSet, string>();
        foreach (var name in s_operators.Keys)
        {
            data.Add(KernelSet.Simd, name);
            data.Add(KernelSet.Torch, name);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Operators))]
    public void No_tensor_of_a_training_step_is_an_eighth_as_large_as_a_row_for_each_edge(KernelSet kernels, string name)
    {
        TorchRuntime.Start(1);
        Assert.True(TorchAllocator.Install());
        using var scope = NewDisposeScope();
        using var chosen = Kernels.Use(kernels);
        using var convolution = s_operators[name]();
        var graph = RandomGraph.Of(Nodes, Edges, seed: 1);
        var x = randn(Nodes, Width).requires_grad_();
        TorchAllocator.Cache.Largest = 0;

        convolution.call(x, graph).square().sum().backward();

        Assert.InRange(TorchAllocator.Cache.Largest, Nodes * Width * sizeof(float), EdgeTensor / 8);
        graph.ReleaseTensors();
    }

    [Theory]
    [InlineData(KernelSet.Simd)]
    [InlineData(KernelSet.Torch)]
    public void No_tensor_of_a_dynamic_block_is_an_eighth_as_large_as_a_row_for_each_neighbour(KernelSet kernels)
    {
        const int points = 2_000, neighbors = 192;
        TorchRuntime.Start(1);
        Assert.True(TorchAllocator.Install());
        using var scope = NewDisposeScope();
        using var chosen = Kernels.Use(kernels);
        var convolution = new EdgeConv(Width, Width, new LayerOptions { Norm = HiddenNorm.Batch, NormFirst = false });
        using var block = new DynamicBlock(new DynamicConv(convolution, new DilatedKnn(neighbors, Dilation: 3)), Contracts.Backbone.Res);
        var x = randn(points, Width).requires_grad_();
        TorchAllocator.Cache.Largest = 0;

        block.call(x, null).square().sum().backward();

        Assert.InRange(TorchAllocator.Cache.Largest, points * Width * sizeof(float), (long)points * neighbors * Width * sizeof(float) / 8);
    }

    [Fact]
    public void A_tensor_with_a_row_for_each_edge_would_be_seen()
    {
        TorchRuntime.Start(1);
        Assert.True(TorchAllocator.Install());
        using var scope = NewDisposeScope();
        TorchAllocator.Cache.Largest = 0;

        _ = randn(Nodes, Width).index_select(0, zeros(Edges, int64));

        Assert.True(TorchAllocator.Cache.Largest >= EdgeTensor);
    }
}
