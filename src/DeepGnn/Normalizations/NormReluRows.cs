using System.Numerics;
using System.Runtime.CompilerServices;
using DeepGnn.Aggregation.Simd;
using DeepGnn.Runtime;
using static TorchSharp.torch;

namespace DeepGnn.Normalizations;

/// <summary>
/// y = dropout(relu(γ·x̂ + β)) with x̂ = (x − mean)/√(variance + ε) over the channels of a row, a row at a time: mean and deviation cost a
/// second look at a row that is in the nearest cache anyway, so nothing but x is ever kept.
/// </summary>
/// <param name="scale">γ, [D].</param>
/// <param name="shift">β, [D].</param>
/// <param name="epsilon">ε.</param>
/// <param name="dropout">Drawn by position, so the same in both passes; float32 only. Null: none.</param>
internal sealed unsafe class NormReluRows<T>(Tensor scale, Tensor shift, double epsilon, DropoutMask? dropout)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly int _width = (int)scale.shape[0];
    private readonly T* _scale = Rows.Of<T>(scale);
    private readonly T* _shift = Rows.Of<T>(shift);
    private readonly T _epsilon = T.CreateChecked(epsilon);

    /// <summary>x is [N, D], y has as many values.</summary>
    public void Forward(Tensor x, Tensor y)
    {
        var from = Rows.Of<T>(x);
        var to = Rows.Of<T>(y);
        RowWork.Over((int)x.shape[0], _width, (_, first, last) =>
        {
            for (var i = first; i < last; i++) { Row(from + ((long)i * _width), to + ((long)i * _width), i); }
        });
    }

    /// <summary>From d loss / d y to d loss / d x; γ's and β's gradients are added to [2, D].</summary>
    public void Backward(Tensor x, Tensor g, Tensor toX, Tensor toParameters)
    {
        using var pieces = zeros(RowWork.Pieces, 2 * _width, x.dtype);
        var from = Rows.Of<T>(x);
        var arrived = Rows.Of<T>(g);
        var to = Rows.Of<T>(toX);
        var sums = Rows.Of<T>(pieces);
        RowWork.Over((int)x.shape[0], _width, (piece, first, last) =>
        {
            using var scratch = Rows.Scratch<T>(_width);
            for (var i = first; i < last; i++)
            {
                var at = (long)i * _width;
                var received = arrived + at;
                if (dropout is not null)
                {
                    HashDropoutFunction.Mask((float*)received, (float*)scratch.At(0), (long)i * _width, _width, dropout);
                    received = scratch.At(0);
                }

                RowBack(from + at, Statistics(from + at), received, to + at, sums + ((long)piece * 2 * _width));
            }
        });
        using var sum = pieces.sum(dim: 0).view(2, _width);
        toParameters.add_(sum);
    }

    /// <summary>y of row <paramref name="row"/> of the whole; returns the row's mean and 1/deviation.</summary>
    public (T Mean, T Inverse) Row(T* x, T* y, long row)
    {
        // Copies: as far as the compiler knows, stores to rows might change fields.
        var gammas = _scale;
        var betas = _shift;
        var width = _width;
        var statistics = Statistics(x);
        var (middle, factor) = (new Vector<T>(statistics.Mean), new Vector<T>(statistics.Inverse));
        for (var d = 0; d < width; d += Vector<T>.Count)
        {
            var count = width - d;
            var normal = (Lanes.Load(x + d, count) - middle) * factor;
            var z = (normal * Lanes.Load(gammas + d, count)) + Lanes.Load(betas + d, count);
            Lanes.Store(Vector.ConditionalSelect(Vector.LessThan(z, Vector<T>.Zero), Vector<T>.Zero, z), y + d, count); // not a number stays
        }

        if (dropout is not null) { HashDropoutFunction.Mask((float*)y, (float*)y, row * width, width, dropout); }
        return statistics;
    }

    /// <summary>d loss / d x, which may take the place of g; γ's and β's gradients are added to [2, D]. Dropout is the caller's.</summary>
    // With a = g·γ where z > 0: dx = (a − mean(a) − x̂·mean(a·x̂)) / deviation.
    public void RowBack(T* x, (T Mean, T Inverse) statistics, T* g, T* toX, T* sums)
    {
        var gammas = _scale;
        var betas = _shift;
        var width = _width;
        var (middle, factor) = (new Vector<T>(statistics.Mean), new Vector<T>(statistics.Inverse));
        var (total, along) = (Vector<T>.Zero, Vector<T>.Zero);
        for (var d = 0; d < width; d += Vector<T>.Count)
        {
            var count = width - d;
            var (gamma, normal) = (Lanes.Load(gammas + d, count), (Lanes.Load(x + d, count) - middle) * factor);
            var shut = Vector.LessThanOrEqual((normal * gamma) + Lanes.Load(betas + d, count), Vector<T>.Zero);
            var received = Vector.ConditionalSelect(shut, Vector<T>.Zero, Lanes.Load(g + d, count));
            Lanes.Store(Lanes.Load(sums + d, count) + (received * normal), sums + d, count);
            Lanes.Store(Lanes.Load(sums + width + d, count) + received, sums + width + d, count);
            var a = received * gamma;
            Lanes.Store(a, toX + d, count);
            total += a;
            along += a * normal;
        }

        var values = T.CreateChecked(width);
        var (shared, slope) = (new Vector<T>(Vector.Sum(total) / values), new Vector<T>(Vector.Sum(along) / values));
        for (var d = 0; d < width; d += Vector<T>.Count)
        {
            var count = width - d;
            var normal = (Lanes.Load(x + d, count) - middle) * factor;
            Lanes.Store((Lanes.Load(toX + d, count) - shared - (normal * slope)) * factor, toX + d, count);
        }
    }

    // Four sums at a time: one would wait for itself.
    public (T Mean, T Inverse) Statistics(T* x)
    {
        var (width, lanes) = (_width, Vector<T>.Count);
        var (a, b, c, e) = (Vector<T>.Zero, Vector<T>.Zero, Vector<T>.Zero, Vector<T>.Zero);
        var d = 0;
        for (; d + (4 * lanes) <= width; d += 4 * lanes)
        {
            a += Vector.Load(x + d);
            b += Vector.Load(x + d + lanes);
            c += Vector.Load(x + d + (2 * lanes));
            e += Vector.Load(x + d + (3 * lanes));
        }

        var total = Vector.Sum(a + b + (c + e));
        for (; d < width; d++) { total += x[d]; }
        var mean = total / T.CreateChecked(width);

        var middle = new Vector<T>(mean);
        (a, b, c, e) = (Vector<T>.Zero, Vector<T>.Zero, Vector<T>.Zero, Vector<T>.Zero);
        for (d = 0; d + (4 * lanes) <= width; d += 4 * lanes)
        {
            a += Square(Vector.Load(x + d) - middle);
            b += Square(Vector.Load(x + d + lanes) - middle);
            c += Square(Vector.Load(x + d + (2 * lanes)) - middle);
            e += Square(Vector.Load(x + d + (3 * lanes)) - middle);
        }

        var spread = Vector.Sum(a + b + (c + e));
        for (; d < width; d++) { spread += (x[d] - mean) * (x[d] - mean); }
        return (mean, T.One / T.Sqrt((spread / T.CreateChecked(width)) + _epsilon));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<T> Square(Vector<T> x) => x * x;
}
