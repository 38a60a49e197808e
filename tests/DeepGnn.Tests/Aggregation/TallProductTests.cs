using DeepGnn.Aggregation;
using DeepGnn.Convolutions;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Aggregation;

public sealed class TallProductTests
{
    // 48 rows are taken together, 16, 6, 4 or 2 make a tile; a width of 24 is not whole panels in float32.
    [Theory]
    [InlineData(1, 16, 32)]
    [InlineData(5, 32, 16)]
    [InlineData(49, 64, 48)]
    [InlineData(3_001, 128, 64)]
    [InlineData(700, 24, 10)]
    public void Products_are_those_of_double_precision(int rows, int inner, int width)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(rows);
        var (x, weight, bias, g) = (randn(rows, inner), randn(width, inner), randn(width), randn(rows, width));
        foreach (var (type, tolerance) in new[] { (ScalarType.Float32, 2e-6), (ScalarType.Float64, 1e-14) })
        {
            var (a, w, b, arrived) = (x.to(type), weight.to(type), bias.to(type), g.to(type));
            var (y, toX, toWeight) = (full([rows, width], double.NaN, type), full([rows, inner], double.NaN, type), ones(width, inner, type));

            TallProduct.Map(a, w, b, y);
            TallProduct.Backward(arrived, a, w, toX, toWeight);

            Assert.InRange(Apart(y, a.@double().matmul(w.@double().t()) + b), 0, tolerance);
            Assert.InRange(Apart(toX, arrived.@double().matmul(w.@double())), 0, tolerance);
            Assert.InRange(Apart(toWeight, arrived.@double().t().matmul(a.@double()) + 1), 0, tolerance);

            TallProduct.Map(a, w, null, y, add: true);
            TallProduct.Backward(arrived, a, w, toX, null, add: true);

            Assert.InRange(Apart(y, (2 * a.@double().matmul(w.@double().t())) + b), 0, tolerance);
            Assert.InRange(Apart(toX, 2 * arrived.@double().matmul(w.@double())), 0, tolerance);
        }
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    public void Bits_of_a_row_do_not_depend_on_the_rows_taken_with_it(ScalarType type)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(6);
        var (x, weight) = (randn(48, 64, type), randn(32, 64, type));
        var all = empty(48, 32, type);
        TallProduct.Map(x, weight, null, all);

        for (var count = 1; count < 48; count++)
        {
            var y = empty(count, 32, type);
            TallProduct.Map(x.narrow(0, 48 - count, count), weight, null, y);
            Assert.True(y.equal(all.narrow(0, 48 - count, count)).all().item<bool>(), $"found other bits among {count} rows than among 48");
        }
    }

    [Fact]
    public void Bits_do_not_depend_on_the_number_of_threads()
    {
        using var scope = NewDisposeScope();
        var threads = get_num_threads();
        random.manual_seed(2);
        var (x, weight, g) = (randn(20_000, 32), randn(64, 32), randn(20_000, 64));
        try
        {
            var found = new[] { 1, 2, 5 }.Select(count =>
            {
                set_num_threads(count);
                var (y, toX, toWeight) = (empty(20_000, 64), empty(20_000, 32), zeros(64, 32));
                TallProduct.Map(x, weight, null, y);
                TallProduct.Backward(g, x, weight, toX, toWeight);
                return new[] { y, toX, toWeight };
            }).ToArray();

            Assert.All(found.Skip(1), others => Assert.All(others.Zip(found[0]), pair => Assert.True(pair.First.equal(pair.Second).all().item<bool>())));
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [Theory]
    [InlineData(Reduction.Mean, true, ScalarType.Float32)]
    [InlineData(Reduction.Sum, false, ScalarType.Float32)]
    [InlineData(Reduction.Mean, true, ScalarType.Float64)]
    public void Sage_as_one_pass_equals_separate_operators(Reduction reduction, bool root, ScalarType type)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(4);
        var graph = RandomGraph.Of(300, 2_500, seed: 3);
        using var layer = new SageConv(32, 32, new SageConvOptions { Reduction = reduction, RootWeight = root, Bias = root });
        layer.to(type);
        var (x, weights) = (randn(300, 32, type), randn(300, 32, type));

        Tensor[] Run(KernelSet set)
        {
            using var chosen = Kernels.Use(set);
            var leaf = x.clone().requires_grad_();
            var y = layer.call(leaf, graph);
            return [y, .. autograd.grad([y], [leaf, .. layer.parameters()], [weights])];
        }

        Assert.All(Run(KernelSet.Simd).Zip(Run(KernelSet.Torch)), pair => Assert.InRange(Apart(pair.First, pair.Second), 0, type == ScalarType.Float32 ? 2e-6 : 1e-13));
    }

    [Fact]
    public void Gcn_as_one_pass_equals_separate_operators()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(5);
        var graph = RandomGraph.Of(300, 2_500, seed: 3);
        using var layer = new GcnConv(48, 48);
        var (x, g) = (randn(300, 48), randn(300, 48));

        // Edge weights that want a gradient go by separate operators.
        Tensor[] Run(bool separate)
        {
            var leaf = x.clone().requires_grad_();
            var y = separate ? layer.forward(leaf, graph, ones(graph.EdgeCount).requires_grad_()) : layer.call(leaf, graph);
            return [y, .. autograd.grad([y], [leaf, .. layer.parameters()], [g])];
        }

        Assert.All(Run(separate: false).Zip(Run(separate: true)), pair => Assert.InRange(Apart(pair.First, pair.Second), 0, 2e-6));
    }

    private static double Apart(Tensor a, Tensor b) => ((a.@double() - b.@double()).norm() / (1e-30 + b.@double().norm())).item<double>();
}
