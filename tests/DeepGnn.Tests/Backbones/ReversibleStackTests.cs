using DeepGnn.Aggregation;
using DeepGnn.Backbones;
using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using DeepGnn.Runtime;
using Testing;
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
    public void Layers_that_draw_and_count_inside_a_block_do_so_once()
    {
        using var scope = NewDisposeScope();
        var graph = RandomGraph.Of(20, 60, seed: 1);
        using var stack = new ReversibleStack([.. Enumerable.Range(0, 6).Select(_ => new GroupCoupling([.. Enumerable.Range(0, 2).Select(_ =>
            new CouplingBlock(new GatConv(4, 4, new() { Dropout = 0.3 }), nn.BatchNorm1d(4), nn.ReLU()))]))], dropout: 0.2);
        stack.to(ScalarType.Float64);
        var (start, weights) = (randn(20, 8, float64), randn(20, 8, float64));
        var before = stack.state_dict().ToDictionary(entry => entry.Key, entry => entry.Value.clone());

        var (reversible, counted) = Seeded();
        stack.load_state_dict(before);
        stack.KeepsActivations = true;
        var (plain, countedPlain) = Seeded();

        AllClose(plain, reversible, 1e-10);
        AllClose(countedPlain, counted, 1e-10);
        Assert.Contains(counted, buffer => buffer.dtype == int64 && buffer.item<long>() == 1); // batches seen, once in each pass

        (List<Tensor> Gradients, List<Tensor> Buffers) Seeded()
        {
            random.manual_seed(3);
            return (Gradients(stack, start, weights, x => stack.call(x, graph)), [.. stack.buffers().Select(buffer => buffer.clone())]);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Tied_weights_get_the_sum_of_all_layers_gradients(int anchorEvery)
    {
        using var scope = NewDisposeScope();
        var graph = RandomGraph.Of(20, 60, seed: 1);
        using var stack = new ReversibleStack([Coupling(2, 8)], dropout: 0.1, depth: 10) { AnchorEvery = anchorEvery };
        stack.to(ScalarType.Float64);

        var (reversible, plain) = BothWays(stack, graph, float64);

        Assert.Equal(10, stack.Layers.Count);
        AllClose(plain, reversible, 1e-10);
    }

    [Fact]
    public void Dropout_at_a_hundred_layers_leaves_gradients_equal()
    {
        using var scope = NewDisposeScope();
        var graph = RandomGraph.Of(20, 60, seed: 1);
        using var stack = new ReversibleStack([.. Enumerable.Range(0, 100).Select(_ => Coupling(2, 8))], dropout: 0.2);
        stack.to(ScalarType.Float64);

        var (reversible, plain) = BothWays(stack, graph, float64);

        AllClose(plain, reversible, 1e-10);
    }

    [Fact]
    public void Anchors_bound_the_drift_of_single_precision()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(1);
        var graph = RandomGraph.Of(200, 1000, seed: 1);
        using var stack = new ReversibleStack([.. Enumerable.Range(0, 96).Select(_ => Coupling(2, 16))], dropout: 0.1);

        var (drifting, _) = BothWays(stack, graph, float32);
        var without = stack.InversionError;
        (stack.InversionError, stack.AnchorEvery) = (double.NaN, 8);
        var (anchored, plain) = BothWays(stack, graph, float32);

        Assert.InRange(without, 1e-9, 1e-3);
        Assert.InRange(stack.InversionError, 1e-10, without / 2);
        Assert.True(Apart(anchored, plain) <= Apart(drifting, plain));
        AllClose(plain, anchored, 1e-3);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Carried_in_double_precision_gradients_of_single_precision_stay_exact(int groups)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(1);
        var graph = RandomGraph.Of(200, 1000, seed: 1);
        using var stack = new ReversibleStack([.. Enumerable.Range(0, 96).Select(_ => Coupling(groups, 16))], dropout: 0.1) { CarriesDouble = true };

        var (reversible, plain) = BothWays(stack, graph, float32);

        Assert.InRange(stack.InversionError, 0, 1e-12);
        AllClose(plain, reversible, 1e-5);
    }

    [Fact]
    public void Gradients_can_be_taken_layer_by_layer()
    {
        using var scope = NewDisposeScope();
        var graph = RandomGraph.Of(20, 60, seed: 1);
        using var stack = new ReversibleStack([.. Enumerable.Range(0, 5).Select(_ => Coupling(2, 8))]);
        var (start, weights) = (randn(20, 8), randn(20, 8));
        var whole = Gradients(stack, start, weights, x => stack.call(x, graph));
        var taken = new Dictionary<IntPtr, Tensor>();

        stack.GradientFound = (parameter, gradient) => taken.Add(parameter.Handle, gradient.clone().DetachFromDisposeScope());
        stack.zero_grad();
        (stack.call(start.clone().requires_grad_(), graph) * weights).sum().backward();

        AllClose(whole[1..], [.. stack.parameters().Select(p => taken[p.Handle])], 0);
    }

    [Fact]
    public void The_input_is_left_as_it_was()
    {
        using var scope = NewDisposeScope();
        var graph = RandomGraph.Of(20, 60, seed: 1);
        using var stack = new ReversibleStack([Coupling(2, 8), Coupling(2, 8)]);
        var x = randn(20, 8).requires_grad_();
        var before = x.detach().clone();

        stack.call(x, graph).sum().backward();

        Assert.True(x.detach().equal(before).all().item<bool>());
    }

    private static GroupCoupling Coupling(int groups, int channels) => new([.. Enumerable.Range(0, groups).Select(_ => new CouplingBlock(
        new SageConv(channels / groups, channels / groups, new SageConvOptions { Reduction = Reduction.Max }),
        nn.LayerNorm(channels / groups),
        nn.ReLU()))]);

    private static (List<Tensor> Reversible, List<Tensor> Plain) BothWays(ReversibleStack stack, Graph graph, ScalarType type)
    {
        random.manual_seed(7);
        var start = randn(graph.NodeCount, stack.Layers[0].parameters().First().shape[0] * stack.Layers[0].GroupCount, type);
        var factor = randn(start.shape[0], start.shape[1], type);
        List<Tensor> Once(bool keeps)
        {
            random.manual_seed(5);
            stack.KeepsActivations = keeps;
            return Gradients(stack, start, factor, x => stack.call(x, graph));
        }

        return (Once(false), Once(true));
    }

    private static double Apart(List<Tensor> found, List<Tensor> right) => found.Zip(right).Max(pair =>
        (pair.First - pair.Second).abs().max().to(float64).item<double>() / Math.Max(1e-6, pair.Second.abs().max().to(float64).item<double>()));

    private static void AllClose(List<Tensor> right, List<Tensor> found, double tolerance)
    {
        Assert.Equal(right.Count, found.Count);
        Assert.All(right.Zip(found), pair => Assert.True(
            (pair.First - pair.Second).abs().max().to(float64).item<double>() <= tolerance * Math.Max(1, pair.First.abs().max().to(float64).item<double>())));
    }

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
        Garbage.Collect();
        var before = TorchAllocator.Cache.InUse;
        var y = plain ? couplings.Aggregate(x, (h, layer) => layer.call(h, graph)) : stack.call(x, graph);
        Garbage.Collect();
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
