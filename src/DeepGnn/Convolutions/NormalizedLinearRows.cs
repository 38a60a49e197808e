using System.Numerics;
using DeepGnn.Aggregation.Simd;
using DeepGnn.Normalizations;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>y = h Wᵀ + b with h = relu(norm(z)), a few rows of h at a time, in the second-level cache. z is [N, F], W [F', F], both of whole panels.</summary>
internal sealed unsafe class NormalizedLinearRows<T>(NormReluRows<T> norm, Tensor weight) where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int Together = TallRows<T>.Together;

    private readonly int _inner = (int)weight.shape[1];
    private readonly int _width = (int)weight.shape[0];

    /// <summary>Writes y.</summary>
    public void Forward(Tensor z, Tensor? bias, Tensor y)
    {
        using var panels = Rows.Scratch<T>(_inner * _width);
        BlockProduct<T>.Pack(Rows.Of<T>(weight), _inner, _width, panels.At(0));
        T* from = Rows.Of<T>(z), to = Rows.Of<T>(y), b = Rows.Of<T>(bias), packed = panels.At(0);
        RowWork.Over((int)z.shape[0], _inner + _width, (_, first, last) =>
        {
            using var hidden = Rows.Scratch<T>(Together * _inner);
            for (var i = first; i < last; i += Together)
            {
                var count = Math.Min(Together, last - i);
                var into = to + ((long)i * _width);
                Hidden(from, i, count, hidden.At(0), null);
                BlockProduct<T>.TimesPacked(hidden.At(0), count, _inner, packed, _width, into);
                for (var r = 0; r < count && b != null; r++) { TallRows<T>.AddRow(into + ((long)r * _width), b, _width); }
            }
        });
    }

    /// <summary>From g = d loss / d y: writes d loss / d z; adds the gradients of the norm's scale and shift to [2, F] and of W to <paramref name="toWeight"/>.</summary>
    public void Backward(Tensor z, Tensor g, Tensor toZ, Tensor toParameters, Tensor toWeight)
    {
        using var panels = Rows.Scratch<T>(_inner * _width);
        BlockProduct<T>.PackRows(Rows.Of<T>(weight), _width, _inner, panels.At(0));
        var pieces = TallRows<T>.PiecesBack(weight.numel());
        using var ofWeight = zeros(pieces, _width, _inner, z.dtype);
        using var ofNorm = zeros(pieces, 2, _inner, z.dtype);
        T* from = Rows.Of<T>(z), arrived = Rows.Of<T>(g), to = Rows.Of<T>(toZ), packed = panels.At(0);
        T* sums = Rows.Of<T>(ofWeight), normSums = Rows.Of<T>(ofNorm);
        RowWork.Over((int)z.shape[0], _inner + _width, (piece, first, last) =>
        {
            using var hidden = Rows.Scratch<T>(Together * _inner);
            using var turned = Rows.Scratch<T>(Together * _inner);
            var statistics = stackalloc (T, T)[Together];
            for (var i = first; i < last; i += Together)
            {
                var (count, at) = (Math.Min(Together, last - i), (long)i * _inner);
                var rows = arrived + ((long)i * _width);
                Hidden(from, i, count, hidden.At(0), statistics);
                BlockProduct<T>.PackRows(hidden.At(0), count, _inner, turned.At(0));
                BlockProduct<T>.AddTransposedTimesPacked(rows, _width, count, turned.At(0), _inner, sums + ((long)piece * _width * _inner));
                BlockProduct<T>.TimesPacked(rows, count, _width, packed, _inner, hidden.At(0)); // d loss / d h in h's place
                for (var r = 0; r < count; r++)
                {
                    var d = (long)r * _inner;
                    norm.RowBack(from + at + d, statistics[r], hidden.At(0) + d, to + at + d, normSums + ((long)piece * 2 * _inner));
                }
            }
        }, pieces);
        TallRows<T>.AddPieces(ofWeight, toWeight);
        TallRows<T>.AddPieces(ofNorm, toParameters);
    }

    private void Hidden(T* z, int first, int count, T* into, (T Mean, T Inverse)* statistics)
    {
        for (var r = 0; r < count; r++)
        {
            var row = norm.Row(z + ((long)(first + r) * _inner), into + ((long)r * _inner), first + r);
            if (statistics != null) { statistics[r] = row; }
        }
    }
}
