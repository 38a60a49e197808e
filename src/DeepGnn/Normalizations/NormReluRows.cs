using System.Numerics;
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

    /// <summary>x is [N, D], y has as many values; <paramref name="firstRow"/> is where x begins in the whole (dropout looks at positions).</summary>
    public void Forward(Tensor x, Tensor y, long firstRow = 0)
    {
        var from = Rows.Of<T>(x);
        var to = Rows.Of<T>(y);
        RowWork.Over((int)x.shape[0], _width, (_, first, last) =>
        {
            for (var i = first; i < last; i++) { Row(from + ((long)i * _width), to + ((long)i * _width), firstRow + i); }
        });
    }

    /// <summary>From d loss / d y to d loss / d x, and y again where somebody wants it; γ's and β's gradients are added to [2, D].</summary>
    public void Backward(Tensor x, Tensor g, Tensor toX, Tensor toParameters, Tensor? y = null, long firstRow = 0)
    {
        using var pieces = zeros(RowWork.Pieces, 2 * _width, x.dtype);
        var from = Rows.Of<T>(x);
        var arrived = Rows.Of<T>(g);
        var to = Rows.Of<T>(toX);
        var again = Rows.Of<T>(y);
        var sums = Rows.Of<T>(pieces);
        RowWork.Over((int)x.shape[0], _width, (piece, first, last) =>
        {
            using var scratch = Rows.Scratch<T>(_width);
            for (var i = first; i < last; i++)
            {
                var at = (long)i * _width;
                if (again != null) { Row(from + at, again + at, firstRow + i); }
                var received = arrived + at;
                if (dropout is not null)
                {
                    HashDropoutFunction.Mask((float*)received, (float*)scratch.At(0), (firstRow + i) * _width, _width, dropout);
                    received = scratch.At(0);
                }

                RowBack(from + at, received, to + at, sums + ((long)piece * 2 * _width));
            }
        });
        using var sum = pieces.sum(dim: 0).view(2, _width);
        toParameters.add_(sum);
    }

    private void Row(T* x, T* y, long row)
    {
        // Copies: as far as the compiler knows, stores to rows might change fields.
        var gammas = _scale;
        var betas = _shift;
        var width = _width;
        var (middle, factor) = Statistics(x, width);
        for (var d = 0; d < width; d += Vector<T>.Count)
        {
            var count = width - d;
            var normal = (Lanes.Load(x + d, count) - middle) * factor;
            var z = (normal * Lanes.Load(gammas + d, count)) + Lanes.Load(betas + d, count);
            Lanes.Store(Vector.ConditionalSelect(Vector.LessThan(z, Vector<T>.Zero), Vector<T>.Zero, z), y + d, count); // not a number stays
        }

        if (dropout is not null) { HashDropoutFunction.Mask((float*)y, (float*)y, row * width, width, dropout); }
    }

    // With a = g·γ where z > 0: dx = (a − mean(a) − x̂·mean(a·x̂)) / deviation.
    private void RowBack(T* x, T* g, T* toX, T* sums)
    {
        var gammas = _scale;
        var betas = _shift;
        var width = _width;
        var (middle, factor) = Statistics(x, width);
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

    /// <summary>Mean and 1/deviation of a row in every lane.</summary>
    private (Vector<T> Mean, Vector<T> Inverse) Statistics(T* x, int width)
    {
        var whole = width - (width % Vector<T>.Count);
        var sum = Vector<T>.Zero;
        for (var d = 0; d < whole; d += Vector<T>.Count) { sum += Vector.Load(x + d); }
        var total = Vector.Sum(sum);
        for (var d = whole; d < width; d++) { total += x[d]; }
        var mean = total / T.CreateChecked(width);

        var (middle, squares) = (new Vector<T>(mean), Vector<T>.Zero);
        for (var d = 0; d < whole; d += Vector<T>.Count)
        {
            var apart = Vector.Load(x + d) - middle;
            squares += apart * apart;
        }

        var spread = Vector.Sum(squares);
        for (var d = whole; d < width; d++) { spread += (x[d] - mean) * (x[d] - mean); }
        return (middle, new Vector<T>(T.One / T.Sqrt((spread / T.CreateChecked(width)) + _epsilon)));
    }
}
