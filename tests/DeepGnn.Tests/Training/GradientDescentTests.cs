using Contracts;
using DeepGnn.Aggregation;
using DeepGnn.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Training;

/// <summary>Against TorchSharp's optimisers, which are checked against PyTorch's.</summary>
public sealed class GradientDescentTests
{
    private const int Steps = 7;

    public static TheoryData<Optimizer, double, double> Rules => new()
    {
        { Optimizer.Adam, 0, 0 }, { Optimizer.Adam, 5e-2, 0 }, { Optimizer.AdamW, 0, 0 }, { Optimizer.AdamW, 5e-2, 0 },
        { Optimizer.Sgd, 0, 0 }, { Optimizer.Sgd, 5e-2, 0.9 }, { Optimizer.RmsProp, 0, 0 }, { Optimizer.RmsProp, 5e-2, 0.9 },
    };

    [Theory]
    [MemberData(nameof(Rules))]
    public void Steps_equal_those_of_the_library_with_both_kernel_sets(Optimizer rule, double decay, double momentum)
    {
        foreach (var set in Enum.GetValues<KernelSet>())
        {
            foreach (var type in new[] { ScalarType.Float32, ScalarType.Float64 })
            {
                using var scope = NewDisposeScope();
                using var kernels = Kernels.Use(set);
                var (ours, theirs) = (Weights(type), Weights(type));
                using var optimizer = new GradientDescent(rule, ours.Select(p => (p, decay)), momentum) { LearningRate = 0.02 };
                using var library = Library(rule, theirs, decay, momentum);
                for (var step = 0; step < Steps; step++)
                {
                    Give(ours, step);
                    Give(theirs, step);
                    optimizer.Step();
                    library.step();
                }

                foreach (var (found, expected) in ours.Zip(theirs))
                {
                    Assert.True(found.allclose(expected, rtol: type == ScalarType.Float32 ? 2e-6 : 1e-13, atol: type == ScalarType.Float32 ? 2e-6 : 1e-14), $"{rule}, {set}, {type}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void A_saved_optimiser_goes_on_bit_for_bit(Optimizer rule, double decay, double momentum)
    {
        using var scope = NewDisposeScope();
        var undisturbed = Weights(ScalarType.Float32);
        using var first = new GradientDescent(rule, undisturbed.Select(p => (p, decay)), momentum) { LearningRate = 0.02 };
        for (var step = 0; step < 3; step++) { Give(undisturbed, step); first.Step(); }

        var stored = new MemoryStream();
        using (var writer = new BinaryWriter(stored, System.Text.Encoding.UTF8, leaveOpen: true)) { first.Save(writer); }
        stored.Position = 0;
        Parameter[] resumed = [.. undisturbed.Select(p => new Parameter(p.detach().clone()))];
        using var second = new GradientDescent(rule, resumed.Select(p => (p, decay)), momentum) { LearningRate = 0.02 };
        using (var reader = new BinaryReader(stored)) { second.Load(reader); }
        Assert.Equal(first.StateBytes, second.StateBytes);
        for (var step = 3; step < Steps; step++)
        {
            Give(undisturbed, step);
            first.Step();
            Give(resumed, step);
            second.Step();
        }

        foreach (var (one, other) in undisturbed.Zip(resumed)) { Assert.True(one.equal(other).all().ToBoolean()); }
    }

    [Fact]
    public void Threads_change_no_bit_and_a_parameter_without_gradient_stays()
    {
        using var scope = NewDisposeScope();
        var threads = get_num_threads();
        var results = new List<Tensor>();
        try
        {
            foreach (var count in new[] { 1, 2 })
            {
                set_num_threads(count);
                manual_seed(5);
                var (large, still) = (new Parameter(randn(300_007)), new Parameter(ones(3)));
                using var optimizer = new GradientDescent(Optimizer.Adam, [(large, 0.01), (still, 0.01)]) { LearningRate = 0.1 };
                for (var step = 0; step < 3; step++) { optimizer.Step(large, randn(300_007)); }
                optimizer.Step();
                Assert.True(still.equal(ones(3)).all().ToBoolean());
                results.Add(large.detach());
            }
        }
        finally { set_num_threads(threads); }

        Assert.True(results[0].equal(results[1]).all().ToBoolean());
    }

    [Fact]
    public void Cleared_gradients_are_gone_not_zero()
    {
        using var scope = NewDisposeScope();
        var weights = Weights(ScalarType.Float32);
        using var optimizer = new GradientDescent(Optimizer.Sgd, weights.Select(p => (p, 0.0)));
        Give(weights, 1);
        optimizer.ClearGradients();
        Assert.All(weights, weight => Assert.Null(weight.grad));
    }

    // Odd sizes have an incomplete last vector; the transposed one is not contiguous.
    private static Parameter[] Weights(ScalarType type)
    {
        manual_seed(3);
        return [new(randn(37, 5, dtype: type)), new(randn(1, dtype: type)), new(randn(1_031, dtype: type)), new(randn(6, 4, dtype: type).t())];
    }

    private static void Give(Parameter[] weights, int step)
    {
        for (var i = 0; i < weights.Length; i++)
        {
            manual_seed((100 * step) + i);
            weights[i].grad = randn(weights[i].shape, dtype: weights[i].dtype);
        }
    }

    private static optim.Optimizer Library(Optimizer rule, Parameter[] weights, double decay, double momentum) => rule switch
    {
        Optimizer.Adam => optim.Adam(weights, 0.02, weight_decay: decay),
        Optimizer.AdamW => optim.AdamW(weights, 0.02, weight_decay: decay),
        Optimizer.Sgd => optim.SGD(weights, 0.02, momentum, weight_decay: decay),
        _ => optim.RMSProp(weights, 0.02, momentum: momentum, weight_decay: decay),
    };
}
