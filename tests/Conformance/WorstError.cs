using TorchSharp;
using static TorchSharp.torch;

namespace Conformance;

/// <summary>
/// The largest difference met, relative to the largest expected magnitude of its tensor; tensors that are zero but for rounding (the gradient
/// of a bias in front of a batch normalisation, say) count from 1e-3.
/// </summary>
public sealed class WorstError
{
    private const double Floor = 1e-3;

    public double Value { get; private set; }

    public string Where { get; private set; } = "";

    public void Take(string what, Tensor found, GoldenTensor expected)
    {
        if (!found.shape.SequenceEqual(expected.Shape))
        {
            Raise(double.PositiveInfinity, $"{what}: shape [{string.Join(", ", found.shape)}], expected [{string.Join(", ", expected.Shape)}]");
            return;
        }

        if (found.numel() == 0) { return; } // TorchSharp cannot list the elements of an empty tensor
        var (difference, largest) = expected.Integers is { } integers ? Integers(found, integers) : Reals(found, expected.Reals!);
        var error = difference / Math.Max(largest, Floor);
        Raise(double.IsNaN(error) ? double.PositiveInfinity : error, $"{what}: {error:G3}");
    }

    private static (double Difference, double Largest) Reals(Tensor found, double[] expected)
    {
        using var on = found.detach().to(ScalarType.Float64).cpu().contiguous();
        var ours = on.data<double>().ToArray();
        var (difference, largest) = (0.0, 0.0);
        for (var i = 0; i < expected.Length; i++)
        {
            var apart = Math.Abs(ours[i] - expected[i]);
            if (double.IsNaN(apart)) { return (double.NaN, 1); }
            difference = Math.Max(difference, apart);
            largest = Math.Max(largest, Math.Abs(expected[i]));
        }

        return (difference, largest);
    }

    private static (double Difference, double Largest) Integers(Tensor found, long[] expected)
    {
        using var on = found.detach().to(ScalarType.Int64).cpu().contiguous();
        var ours = on.data<long>().ToArray();
        return (expected.Where((value, i) => value != ours[i]).Any() ? double.PositiveInfinity : 0, 1);
    }

    private void Raise(double error, string where)
    {
        if (error <= Value) { return; }
        (Value, Where) = (error, where);
    }
}
