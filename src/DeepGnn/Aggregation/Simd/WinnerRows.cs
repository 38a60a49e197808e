using System.Numerics;
using System.Runtime.CompilerServices;
using DeepGnn.Convolutions;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation.Simd;

/// <summary>
/// What an edge convolution does to the winners y of its maximum, row by row: the norm with the statistics of all edges, n = (y − mean)/σ and γ·n + β, and the
/// activation after it.
/// </summary>
/// <param name="call">Whether there is a norm, and the activations.</param>
/// <param name="moments">Mean and variance, [2, D], or null.</param>
/// <param name="scale">γ, [D], or null.</param>
/// <param name="shift">β, [D], or null.</param>
internal sealed unsafe class WinnerRows<T>(EdgeConvCall call, Tensor? moments, Tensor? scale, Tensor? shift) where T : unmanaged, IFloatingPointIeee754<T>
{
    private const double Epsilon = 1e-5;

    private readonly bool _normed = moments is not null;
    private readonly T _before = T.CreateChecked(call.Before);
    private readonly T _after = T.CreateChecked(call.After);
    private readonly T* _mean = Rows.Of<T>(moments);
    private readonly T* _scale = Rows.Of<T>(scale);
    private readonly T* _shift = Rows.Of<T>(shift);

    /// <summary>1/σ, [D]; of no meaning without a norm.</summary>
    public Tensor Inverse { get; } = moments is null ? zeros(0) : (moments[1] + Epsilon).rsqrt_();

    /// <summary>In place, [R, D].</summary>
    public void Forward(Tensor y)
    {
        if (!_normed && call.After == 1) { return; }
        var width = (int)y.shape[1];
        T* rows = Rows.Of<T>(y), inverse = Rows.Of<T>(Inverse);
        var after = new Vector<T>(_after);
        RowWork.Over((int)y.shape[0], width, (_, first, last) =>
        {
            for (var row = rows + ((long)first * width); row < rows + ((long)last * width); row += width)
            {
                for (var d = 0; d < width; d += Vector<T>.Count)
                {
                    var (count, z) = (width - d, Lanes.Load(row + d, width - d));
                    if (_normed) { z = ((z - Lanes.Load(_mean + d, count)) * (Lanes.Load(inverse + d, count) * Lanes.Load(_scale + d, count))) + Lanes.Load(_shift + d, count); }
                    Lanes.Store(Passed(z, z, after), row + d, count);
                }
            }
        });
    }

    /// <summary>From the gradient of the results, [R, D]: that of the winners' z, and Σ g'n and Σ g' over the rows with g' the gradient that reaches the norm, [2, D].</summary>
    public (Tensor Arrived, Tensor Sums) Backward(Tensor winners, Tensor g)
    {
        var (found, width) = (empty_like(g), (int)g.shape[1]);
        using var pieces = zeros(RowWork.Pieces, 2, width, g.dtype);
        T* won = Rows.Of<T>(winners), from = Rows.Of<T>(g), to = Rows.Of<T>(found), sums = Rows.Of<T>(pieces), inverse = Rows.Of<T>(Inverse);
        var (before, after) = (new Vector<T>(_before), new Vector<T>(_after));
        RowWork.Over((int)g.shape[0], width, (piece, first, last) =>
        {
            for (var i = first; i < last; i++)
            {
                var own = sums + (2L * piece * width);
                var at = (long)i * width;
                for (var d = 0; d < width; d += Vector<T>.Count, at += Vector<T>.Count, own += Vector<T>.Count)
                {
                    var count = width - d;
                    var (y, arrived) = (Lanes.Load(won + at, count), Lanes.Load(from + at, count));
                    if (!_normed) { arrived = Passed(y, arrived, after); }
                    else
                    {
                        var (share, gamma) = (Lanes.Load(inverse + d, count), Lanes.Load(_scale + d, count));
                        var normal = (y - Lanes.Load(_mean + d, count)) * share;
                        arrived = Passed((normal * gamma) + Lanes.Load(_shift + d, count), arrived, after);
                        Lanes.Store(Lanes.Load(own, count) + (arrived * normal), own, count);
                        Lanes.Store(Lanes.Load(own + width, count) + arrived, own + width, count);
                        arrived *= share * gamma;
                    }

                    Lanes.Store(Passed(y, arrived, before), to + at, count);
                }
            }
        });
        return (found, pieces.sum(dim: 0));
    }

    // g through a (leaky) rectifier of z, whose result serves as well: it has the same signs.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<T> Passed(Vector<T> z, Vector<T> g, Vector<T> slope) => Vector.ConditionalSelect(Vector.GreaterThan(z, Vector<T>.Zero), g, g * slope);
}
