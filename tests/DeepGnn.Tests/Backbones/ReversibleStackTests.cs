using DeepGnn.Aggregation;
using DeepGnn.Backbones;
using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using DeepGnn.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Backbones;

/// <summary>The stack that keeps only its output, against the same layers under plain autograd.</summary>
public sealed class ReversibleStackTests
{
    [Theory]
    [InlineData(1, 2)]
    [InlineData(5, 4)]
    [InlineData(40, 2)]
    public void Gradients_equal_plain_autograd(int layers, int groups)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(layers);
        var graph = RandomGraph.Of(20, 60, seed: 1);
        var couplings = Enumerable.Range(0, layers).Select(_ => Coupling(groups, 8)).ToArray();
        using var stack = new ReversibleStack(couplings);
        stack.to(ScalarType.Float64);
        var start = randn(20, 8, float64);
        var weights = randn(20, 8, float64);

        var reversible = Gradients(stack, start, weights, x => stack.call(x, graph));
        var plain = Gradients(stack, start, weights, x => couplings.Aggregate(x, (h, layer) => layer.call(h, graph)));

        Assert.True(reversible.Count > layers * groups);
        Assert.All(reversible.Zip(plain), pair => Assert.True(
            (pair.First - pair.Second).abs().max().item<double>() <= 1e-10 * Math.Max(1, pair.Second.abs().max().item<double>())));
    }

    [Fact]
    public void Dropout_is_the_same_in_both_passes()
    {
        using var scope = NewDisposeScope();
        var graph = RandomGraph.Of(10, 30, seed: 1);
        using var stack = new ReversibleStack([.. Enumerable.Range(0, 3).Select(_ => Coupling(2, 8))], dropout: 0.4);
        stack.to(ScalarType.Float64);
        random.manual_seed(5);
        var start = randn(10, 8, float64);

        // Central differences see one function only if each evaluation draws the same mask.
        var error = GradCheck.Error(
            inputs =>
            {
                using var forked = new SeedKept(9);
                return stack.call(inputs[0], graph);
            },
            start);

        Assert.True(error < 1e-6, $"relative error {error}");
    }

    [Fact]
    public void Memory_kept_for_the_backward_pass_does_not_grow_with_depth()
    {
        const int layers = 20;
        const long activation = 4000 * 64 * sizeof(float);
        var graph = RandomGraph.Of(4000, 20000, seed: 2);
        BytesKept(graph, 1, plain: false); // what is made once: compiled code, adjacency

        Assert.InRange(BytesKept(graph, layers, plain: false), long.MinValue, 4 * activation);
        Assert.InRange(BytesKept(graph, layers, plain: true), layers * activation, long.MaxValue);
    }

    [Fact]
    public void Inverse_gives_the_input_back()
    {
        using var scope = NewDisposeScope();
        var graph = RandomGraph.Of(20, 60, seed: 1);
        using var coupling = Coupling(4, 8);
        coupling.to(ScalarType.Float64);
        var x = randn(20, 8, float64);

        Assert.True((coupling.Inverse(coupling.call(x, graph), graph) - x).abs().max().item<double>() < 1e-12);
    }

    [Fact]
    public void Batch_normalisation_in_a_block_is_refused() =>
        Assert.Contains("batch", Assert.Throws<NotSupportedException>(() => new CouplingBlock(new SageConv(4, 4), nn.BatchNorm1d(4))).Message);

    private static GroupCoupling Coupling(int groups, int channels) => new([.. Enumerable.Range(0, groups).Select(_ => new CouplingBlock(
        new SageConv(channels / groups, channels / groups, new SageConvOptions { Reduction = Reduction.Max }),
        nn.LayerNorm(channels / groups),
        nn.ReLU()))]);

    private static List<Tensor> Gradients(nn.Module module, Tensor start, Tensor weights, Func<Tensor, Tensor> forward)
    {
        module.zero_grad();
        var x = start.clone().requires_grad_();
        (forward(x) * weights).sum().backward();
        return [x.grad!, .. module.parameters().Select(p => p.grad!.clone())];
    }

    // Bytes in use, not resident ones: what the allocator keeps for itself is not what a layer keeps.
    private static long BytesKept(Graph graph, int layers, bool plain)
    {
        Assert.True(TorchAllocator.Install());
        var couplings = Enumerable.Range(0, layers).Select(_ => Coupling(2, 64)).ToArray();
        using var stack = new ReversibleStack(couplings);
        using var scope = NewDisposeScope();
        var x = randn(4000, 64).requires_grad_();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var before = TorchAllocator.Cache.InUse;
        var y = plain ? couplings.Aggregate(x, (h, layer) => layer.call(h, graph)) : stack.call(x, graph);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return TorchAllocator.Cache.InUse - before;
    }

    private sealed class SeedKept : IDisposable
    {
        private readonly Tensor _state = get_rng_state();

        public SeedKept(long seed) => random.manual_seed(seed);

        public void Dispose()
        {
            set_rng_state(_state);
            _state.Dispose();
        }
    }
}
