using DeepGnn.Runtime;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Runtime;

public sealed class HashDropoutTests
{
    [Theory]
    [InlineData(0.1)]
    [InlineData(0.6)]
    public void Values_are_zeroed_with_the_probability_and_the_others_scaled_in_both_directions(double p)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(1);
        var x = ones(1003, 97).requires_grad_();

        var y = HashDropout.Apply(x, p, training: true);
        y.sum().backward();

        var kept = y.detach().ne(0);
        Assert.InRange(kept.to(float64).mean().item<double>(), 1 - p - 0.005, 1 - p + 0.005);
        Assert.True((y.detach().masked_select(kept) - (1 / (1 - p))).abs().max().item<float>() < 1e-6);
        Assert.Equal(y.detach().data<float>().ToArray(), x.grad!.data<float>().ToArray());
    }

    [Fact]
    public void Positions_calls_and_neighbours_are_independent()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(2);
        var x = ones(400_000);
        var (a, b) = (Kept(x), Kept(x));

        // Of four standard deviations of a mean of 400,000 products of two fair coins.
        Assert.InRange((a * b).mean().item<double>(), 0.25 - 0.003, 0.25 + 0.003);
        foreach (var step in new[] { 1, 2, 8, 64, 128 })
        {
            Assert.InRange((a.narrow(0, 0, 300_000) * a.narrow(0, step, 300_000)).mean().item<double>(), 0.25 - 0.0035, 0.25 + 0.0035);
        }

        static Tensor Kept(Tensor x) => HashDropout.Apply(x, 0.5, training: true).ne(0).to(float64);
    }

    [Fact]
    public void One_seed_gives_one_mask_on_any_number_of_threads()
    {
        using var scope = NewDisposeScope();
        var threads = get_num_threads();
        var x = randn(3001, 67);
        byte[] Run(int count)
        {
            set_num_threads(count);
            random.manual_seed(7);
            return HashDropout.Apply(x, 0.3, training: true).bytes.ToArray();
        }

        try { Assert.Equal(Run(1), Run(2)); }
        finally { set_num_threads(threads); }
    }

    [Fact]
    public void Outside_training_nothing_is_dropped()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(50, HashDropout.Apply(ones(50), 0.5, training: false).sum().item<float>());
    }
}
