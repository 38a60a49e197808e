using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Tests;

/// <summary>Compares autograd with central differences in float64.</summary>
internal static class GradCheck
{
    /// <summary>Largest difference between the two over all entries of all inputs, relative to the largest derivative.</summary>
    public static double Error(Func<Tensor[], Tensor> function, params Tensor[] inputs)
    {
        using var scope = NewDisposeScope();
        var leaves = inputs.Select(input => input.detach().clone().requires_grad_()).ToArray();
        var result = function(leaves);
        var weights = randn_like(result.detach());
        (result * weights).sum().backward();
        var (difference, largest) = (0.0, 1e-3);
        for (var i = 0; i < leaves.Length; i++)
        {
            var found = leaves[i].grad!.flatten();
            for (long k = 0; k < leaves[i].numel(); k++)
            {
                var expected = Slope(function, leaves, i, k, weights);
                difference = Math.Max(difference, Math.Abs(found[k].item<double>() - expected));
                largest = Math.Max(largest, Math.Abs(expected));
            }
        }

        return difference / largest;
    }

    private static double Slope(Func<Tensor[], Tensor> function, Tensor[] leaves, int input, long entry, Tensor weights)
    {
        const double step = 1e-6;
        return (At(step) - At(-step)) / (2 * step);

        double At(double by)
        {
            using var scope = NewDisposeScope();
            using var constant = no_grad();
            var moved = leaves.Select(leaf => leaf.detach().clone()).ToArray();
            moved[input].view(-1)[entry] += by;
            return (function(moved) * weights).sum().item<double>();
        }
    }
}
