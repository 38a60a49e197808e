using DeepGnn.Graphs;
using DeepGnn.Runtime;
using DeepGnn.Normalizations;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Normalizations;

public sealed class PreActivationTests
{
    private static readonly Graph s_graph = new(1, [], []);

    [Theory]
    [InlineData(200, 64)]
    [InlineData(200, 13)]
    [InlineData(3, 1)]
    [InlineData(1, 128)]
    public void Values_and_gradients_equal_norm_then_rectifier(int rows, int width)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(2);
        using var norm = Norm(width, ScalarType.Float64);
        using var act = nn.ReLU();

        var (fused, fusedGradients) = Run(norm, rows, width, x => PreActivation.Of(norm, act, x, s_graph));
        var (plain, plainGradients) = Run(norm, rows, width, x => act.call(norm.call(x)));

        Assert.True((fused - plain).abs().max().item<double>() < 1e-12);
        Assert.All(fusedGradients.Zip(plainGradients), pair => Assert.True((pair.First - pair.Second).abs().max().item<double>() < 1e-10));
    }

    [Fact]
    public void Gradients_equal_differences()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(4);
        using var act = nn.ReLU();
        using var norm = Norm(5, ScalarType.Float64);

        Assert.True(GradCheck.Error(inputs => PreActivation.Of(norm, act, inputs[0], s_graph), randn(7, 5, float64)) < 1e-6);
    }

    [Fact]
    public void Dropout_is_that_of_the_separate_operator()
    {
        using var scope = NewDisposeScope();
        using var norm = Norm(33, ScalarType.Float32);
        using var act = nn.ReLU();
        var x = randn(50, 33).requires_grad_();
        var weights = randn(50, 33);

        random.manual_seed(9);
        var fused = PreActivation.Of(norm, act, x, s_graph, HashDropout.Draw(0.4));
        var fusedGradient = autograd.grad([fused], [x], [weights])[0];
        random.manual_seed(9);
        var plain = DeepGnn.Runtime.HashDropout.Apply(act.call(norm.call(x)), 0.4, training: true);
        var plainGradient = autograd.grad([plain], [x], [weights])[0];

        Assert.True((fused - plain).abs().max().item<float>() < 1e-5);
        Assert.True((fusedGradient - plainGradient).abs().max().item<float>() < 1e-4);
    }

    [Fact]
    public void Result_and_gradients_are_the_same_bits_on_one_and_on_two_threads()
    {
        using var scope = NewDisposeScope();
        using var norm = Norm(64, ScalarType.Float32);
        using var act = nn.ReLU();
        var x = randn(5_000, 64).requires_grad_();
        var weights = randn(5_000, 64);
        var threads = get_num_threads();
        try
        {
            var found = new[] { 1, 2 }.Select(count =>
            {
                set_num_threads(count);
                var y = PreActivation.Of(norm, act, x, s_graph);
                return autograd.grad([y], [x, norm.weight!, norm.bias!], [weights]).Append(y).ToArray();
            }).ToArray();

            Assert.All(found[0].Zip(found[1]), pair => Assert.True(pair.First.equal(pair.Second).all().item<bool>()));
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [Fact]
    public void Not_a_number_stays_one()
    {
        using var scope = NewDisposeScope();
        using var norm = Norm(16, ScalarType.Float32);
        using var act = nn.ReLU();

        Assert.True(PreActivation.Of(norm, act, full([2, 16], float.NaN), s_graph).isnan().all().item<bool>());
    }

    private static TorchSharp.Modules.LayerNorm Norm(int width, ScalarType type)
    {
        var norm = nn.LayerNorm(width);
        norm.to(type);
        using var constant = no_grad();
        norm.weight!.copy_(randn(width));
        norm.bias!.copy_(randn(width) * 0.3);
        return norm;
    }

    private static (Tensor Result, Tensor[] Gradients) Run(nn.Module norm, int rows, int width, Func<Tensor, Tensor> function)
    {
        random.manual_seed(11);
        norm.zero_grad();
        var x = randn(rows, width, float64).requires_grad_();
        var result = function(x);
        (result * randn_like(result.detach())).sum().backward();
        return (result, [x.grad!, .. norm.parameters().Select(p => p.grad!.clone())]);
    }
}
