using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Aggregation;

public sealed class AggregateTests
{
    private static readonly Reduction[] s_reductions =
        [Reduction.Sum, Reduction.Mean, Reduction.Max, Reduction.Softmax, Reduction.SoftmaxStopped, Reduction.PowerMean];

    // Widths below, at and above the vector length, and not a multiple of it.
    public static TheoryData<KernelSet, Reduction, int, bool, bool> Cases()
    {
        var data = new TheoryData<KernelSet, Reduction, int, bool, bool>();
        foreach (var kernels in Enum.GetValues<KernelSet>())
        {
            foreach (var reduction in s_reductions)
            {
                foreach (var width in new[] { 1, 3, 8, 13 })
                {
                    data.Add(kernels, reduction, width, false, false);
                    data.Add(kernels, reduction, width, true, false);
                    data.Add(kernels, reduction, width, false, true);
                    data.Add(kernels, reduction, width, true, true);
                }
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Reduction_equals_loops_over_edges(KernelSet kernels, Reduction reduction, int width, bool edges, bool rectified)
    {
        using var scope = NewDisposeScope();
        using var chosen = Kernels.Use(kernels);
        var graph = RandomGraph.Of(17, 60, seed: width);
        random.manual_seed(width);
        var x = randn(17, width, float64);
        var a = edges ? randn(60, width, float64) : null;
        var parameter = reduction == Reduction.PowerMean ? 2.5 : 0.7;

        var found = Reduced(reduction, new Messages(x, a, rectified, 1e-3), graph, full([1], parameter, float64));

        var expected = DenseTwin.Reduce(reduction, graph, ToArray(x), a is null ? null : ToArray(a), rectified, 1e-3, parameter);
        AssertClose(expected, found);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Gradient_equals_central_differences(KernelSet kernels, Reduction reduction, int width, bool edges, bool rectified)
    {
        if (width > 3 || reduction == Reduction.SoftmaxStopped) { return; } // stopped weights are no derivative: see the test below
        using var chosen = Kernels.Use(kernels);
        var graph = RandomGraph.Of(6, 14, seed: 5);
        random.manual_seed(width);
        var x = randn(6, width, float64);
        var parameter = full([width], reduction == Reduction.PowerMean ? 2.5 : 0.7, float64);
        var inputs = edges ? new[] { x, parameter, randn(14, width, float64) } : [x, parameter];
        // Sum, mean and max ignore the parameter: give it a gradient of its own.
        var error = GradCheck.Error(
            v => Reduced(reduction, new Messages(v[0], edges ? v[2] : null, rectified, 0.1), graph, v[1]) + v[1],
            inputs);

        Assert.True(error < 1e-7, $"relative error {error}");
    }

    public static TheoryData<KernelSet, Reduction, bool> Mapped()
    {
        var data = new TheoryData<KernelSet, Reduction, bool>();
        foreach (var kernels in Enum.GetValues<KernelSet>())
        {
            foreach (var reduction in s_reductions)
            {
                data.Add(kernels, reduction, true);
                data.Add(kernels, reduction, false);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Mapped))]
    public void Mapped_edge_features_equal_features_mapped_beforehand(KernelSet kernels, Reduction reduction, bool rectified)
    {
        using var scope = NewDisposeScope();
        using var chosen = Kernels.Use(kernels);
        var graph = RandomGraph.Of(17, 60, seed: 8);
        random.manual_seed(8);
        var parameter = full([1], 1.3, float64);
        Tensor[] values = [randn(17, 13, float64), randn(60, 3, float64), randn(13, 3, float64), randn(13, float64)];

        (Tensor Result, Tensor[] Gradients) Run(Func<Tensor[], EdgeFeatures> features)
        {
            var v = values.Select(value => value.detach().clone().requires_grad_()).ToArray();
            var result = Reduced(reduction, new Messages(v[0], features(v), rectified, 1e-2), graph, parameter);
            (result * arange(result.numel(), float64).view_as(result).sin()).sum().backward();
            return (result, [.. v.Select(value => value.grad!)]);
        }

        var inside = Run(v => new EdgeFeatures(v[1], v[2], v[3]));
        var before = Run(v => new EdgeFeatures(v[1].matmul(v[2].t()) + v[3]));

        AssertClose(ToArray(before.Result), inside.Result);
        for (var i = 0; i < values.Length; i++)
        {
            AssertClose(ToArray(before.Gradients[i].view(values[i].shape[0], -1)), inside.Gradients[i].view(values[i].shape[0], -1));
        }
    }

    [Theory]
    [InlineData(KernelSet.Simd)]
    [InlineData(KernelSet.Torch)]
    public void Stopped_softmax_gives_the_gradient_of_a_sum_with_its_own_weights(KernelSet kernels)
    {
        using var scope = NewDisposeScope();
        using var chosen = Kernels.Use(kernels);
        var graph = new Graph(3, [0, 1], [2, 2]);
        var x = tensor(new double[] { 1, 3, 0 }, 3, 1).requires_grad_();

        Aggregate.Softmax(x, graph, ones(1, float64), stopped: true).sum().backward();

        var share = Math.Exp(1) / (Math.Exp(1) + Math.Exp(3));
        AssertClose(new[,] { { share }, { 1 - share }, { 0 } }, x.grad!);
    }

    [Theory]
    [InlineData(KernelSet.Simd, 1)]
    [InlineData(KernelSet.Simd, 3)]
    [InlineData(KernelSet.Torch, 1)]
    [InlineData(KernelSet.Torch, 3)]
    public void Weighted_sum_and_its_gradients_are_right_for_any_number_of_heads(KernelSet kernels, int heads)
    {
        using var scope = NewDisposeScope();
        using var chosen = Kernels.Use(kernels);
        var graph = RandomGraph.Of(9, 25, seed: 3);
        random.manual_seed(1);
        var x = randn(9, 6, float64);
        var w = randn(25, heads, float64);

        AssertClose(DenseTwin.WeightedSum(graph, ToArray(x), ToArray(w)), Aggregate.Sum(x, graph, w));
        Assert.True(GradCheck.Error(v => Aggregate.Sum(v[0], graph, v[1]), x, w) < 1e-8);
    }

    [Fact]
    public void Hand_worked_values_of_the_papers_formulas()
    {
        using var scope = NewDisposeScope();
        var graph = new Graph(3, [0, 1], [2, 2]);
        var x = tensor(new double[] { 1, 3, 0 }, 3, 1);

        Assert.Equal(2.761594, Aggregate.Softmax(x, graph, ones(1, float64))[2, 0].item<double>(), 6);
        Assert.Equal(2.236068, Aggregate.PowerMean(x, graph, full([1], 2.0, float64))[2, 0].item<double>(), 6);
        Assert.Equal(3, Aggregate.Softmax(x, graph, full([1], 1e3, float64))[2, 0].item<double>(), 12); // large t: the maximum
        Assert.Equal(2, Aggregate.Softmax(x, graph, zeros(1, float64))[2, 0].item<double>(), 12); // t = 0: the mean
    }

    [Theory]
    [InlineData(KernelSet.Simd)]
    [InlineData(KernelSet.Torch)]
    public void Graph_without_edges_gives_zeros_and_zero_gradients(KernelSet kernels)
    {
        using var chosen = Kernels.Use(kernels);
        foreach (var reduction in s_reductions.Where(r => r != Reduction.PowerMean))
        {
            using var scope = NewDisposeScope();
            var x = randn(4, 5, float64).requires_grad_();

            var found = Reduced(reduction, x, new Graph(4, [], []), ones(1, float64));
            found.sum().backward();

            Assert.Equal(0, found.abs().sum().item<double>());
            Assert.Equal(0, x.grad!.abs().sum().item<double>());
        }
    }

    [Fact]
    public void Float32_softmax_of_far_apart_messages_stays_finite()
    {
        using var scope = NewDisposeScope();
        var graph = new Graph(3, [0, 1], [2, 2]);
        var x = tensor(new float[] { -5000, 5000, 0 }, 3, 1).requires_grad_();

        var found = Aggregate.Softmax(x, graph, ones(1));
        found.sum().backward();

        Assert.Equal(5000f, found[2, 0].item<float>());
        Assert.True((x.grad! - tensor(new float[] { 0, 1, 0 }, 3, 1)).abs().max().item<float>() < 1e-6);
    }

    [Fact]
    public void Float32_softmax_is_as_exact_as_float32()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(1);
        var graph = RandomGraph.Of(50, 2000, seed: 1);
        var x = randn(50, 16, float64) * 20;

        var exact = Aggregate.Softmax(x, graph, ones(1, float64));
        var found = Aggregate.Softmax(x.to(ScalarType.Float32), graph, ones(1)).to(ScalarType.Float64);

        // Inputs rounded to float32 alone move exponents by up to 20·3·6e-8.
        Assert.True((exact - found).abs().max().item<double>() < 1e-4 * exact.abs().max().item<double>());
    }

    [Theory]
    [InlineData(0.02)]
    [InlineData(0.5)]
    public void Softmax_rows_far_below_the_largest_message_are_as_right_as_others(double share)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        var graph = new Graph(400, [.. Enumerable.Range(0, 3000).Select(e => e * 7919 % 200)], [.. Enumerable.Range(0, 3000).Select(e => 200 + (e * 104729 % 200))]);
        var low = rand(400, 1, float64).lt(share);
        var x = randn(400, 9, float64) - (low * 5000);
        // A target of low sources alone is far below the rest.
        var only = new Graph(401, [.. graph.Sources, 0, 1], [.. graph.Targets, 400, 400]);
        x = cat([x, zeros(1, 9, float64)]);
        x.narrow(0, 0, 2).sub_(3000);

        foreach (var used in new[] { graph, only })
        {
            var rows = x.narrow(0, 0, used.NodeCount);
            (double[,] Result, Tensor[] Gradients) Run(KernelSet kernels)
            {
                using var chosen = Kernels.Use(kernels);
                Tensor[] v = [rows.detach().clone().requires_grad_(), full([1], 0.9, float64).requires_grad_()];
                var found = Aggregate.Softmax(new Messages(v[0]), used, v[1]);
                (found * arange(found.numel(), float64).view_as(found).sin()).sum().backward();
                return (ToArray(found), [v[0].grad!, v[1].grad!.view(1, 1)]);
            }

            var (expected, found) = (Run(KernelSet.Torch), Run(KernelSet.Simd));

            AssertClose(expected.Result, tensor(Flat(found.Result), used.NodeCount, 9));
            for (var i = 0; i < 2; i++) { Assert.True((expected.Gradients[i] - found.Gradients[i]).abs().max().item<double>() < 1e-8 * (1 + expected.Gradients[i].abs().max().item<double>())); }
        }
    }

    [Fact]
    public void Not_a_number_reaches_the_maximum()
    {
        using var scope = NewDisposeScope();
        var graph = new Graph(3, [0, 1, 0], [2, 2, 2]);
        var found = Aggregate.Max(tensor(new[] { 1, float.NaN, 0 }, 3, 1), graph);

        Assert.True(float.IsNaN(found[2, 0].item<float>()));
    }

    [Fact]
    public void Wrong_shapes_are_refused_with_found_and_needed()
    {
        using var scope = NewDisposeScope();
        var graph = new Graph(3, [0, 1], [2, 2]);

        Assert.Contains("[4, 2], needed [3, channels]", Assert.Throws<ArgumentException>(() => Aggregate.Mean(zeros(4, 2), graph)).Message);
        Assert.Contains("[3, 2], needed [2, 2]", Assert.Throws<ArgumentException>(() => Aggregate.Max(new(zeros(3, 2), zeros(3, 2)), graph)).Message);
        Assert.Contains("[3]", Assert.Throws<ArgumentException>(() => Aggregate.Sum(zeros(3, 2), graph, zeros(3))).Message);
    }

    private static Tensor Reduced(Reduction reduction, Messages messages, Graph graph, Tensor parameter) => reduction switch
    {
        Reduction.Sum => Aggregate.Sum(messages, graph),
        Reduction.Mean => Aggregate.Mean(messages, graph),
        Reduction.Max => Aggregate.Max(messages, graph),
        Reduction.PowerMean => Aggregate.PowerMean(messages, graph, parameter),
        _ => Aggregate.Softmax(messages, graph, parameter, reduction == Reduction.SoftmaxStopped),
    };

    private static double[,] ToArray(Tensor t)
    {
        var result = new double[t.shape[0], t.shape[1]];
        Buffer.BlockCopy(t.detach().contiguous().data<double>().ToArray(), 0, result, 0, result.Length * sizeof(double));
        return result;
    }

    private static double[] Flat(double[,] rows) => [.. rows.Cast<double>()];

    private static void AssertClose(double[,] expected, Tensor found)
    {
        var ours = ToArray(found);
        for (var i = 0; i < expected.GetLength(0); i++)
        {
            for (var d = 0; d < expected.GetLength(1); d++)
            {
                Assert.True(
                    Math.Abs(expected[i, d] - ours[i, d]) <= 1e-11 * Math.Max(1, Math.Abs(expected[i, d])),
                    $"[{i}, {d}]: expected {expected[i, d]}, found {ours[i, d]}");
            }
        }
    }
}
