using System.Numerics;
using DeepGnn.Aggregation;
using DeepGnn.Aggregation.Simd;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Backbones;

/// <summary>What a search for z = f(z) found.</summary>
/// <param name="Point">The last f(z).</param>
/// <param name="Residual">‖f(z) − z‖/‖f(z)‖ there.</param>
/// <param name="Steps">Evaluations of f.</param>
internal readonly record struct FixedPoint(Tensor Point, double Residual, int Steps)
{
    // Two tensors each; more of them converge hardly faster here.
    private const int Remembered = 3;
    private const double Ridge = 1e-10;

    /// <summary>
    /// Anderson acceleration: the next z is Σ αᵢ·f(zᵢ) over the last few, with Σ αᵢ = 1 and ‖Σ αᵢ(f(zᵢ) − zᵢ)‖ least. Sums over elements have a fixed order.
    /// Source: Walker and Ni, "Anderson Acceleration for Fixed-Point Iterations", SIAM J. Numer. Anal. 49 (2011).
    /// </summary>
    /// <param name="f">The result is a tensor of its own, in the current dispose scope or in none.</param>
    /// <param name="start">The first z; it stays as it is.</param>
    /// <param name="mostSteps">Evaluations of f, at least 1.</param>
    /// <param name="tolerance">Residual that is small enough.</param>
    public static FixedPoint Of(Func<Tensor, Tensor> f, Tensor start, int mostSteps, double tolerance)
    {
        using var scope = NewDisposeScope();
        var (values, gaps) = (new List<Tensor>(), new List<Tensor>());
        var gram = new double[Remembered, Remembered];
        var z = start;
        for (var step = 1; ; step++)
        {
            var value = f(z);
            var gap = value - z;
            if (step > 1) { z.Dispose(); }
            var slot = (step - 1) % Remembered;
            Put(values, slot, value);
            Put(gaps, slot, gap);
            for (var i = 0; i < gaps.Count; i++) { gram[i, slot] = gram[slot, i] = Dot(gap, gaps[i]); }
            var residual = Math.Sqrt(gram[slot, slot] / Math.Max(Dot(value, value), double.Epsilon));
            if (residual <= tolerance || step == mostSteps || !double.IsFinite(residual)) { return new(value.MoveToOuterDisposeScope(), residual, step); }

            z = Mixed(values, Weights(gram, gaps.Count));
        }
    }

    private static void Put(List<Tensor> kept, int slot, Tensor tensor)
    {
        if (slot == kept.Count) { kept.Add(tensor); return; }
        kept[slot].Dispose();
        kept[slot] = tensor;
    }

    private static Tensor Mixed(List<Tensor> values, double[] weights)
    {
        var z = values[0] * weights[0];
        for (var i = 1; i < values.Count; i++) { z.add_(values[i], alpha: weights[i]); }
        return z;
    }

    // α ∝ G⁻¹·1 for the Gram matrix G of the gaps, with a little of its trace on the diagonal.
    private static double[] Weights(double[,] gram, int count)
    {
        var ridge = Ridge * Enumerable.Range(0, count).Sum(i => gram[i, i]);
        var rows = new double[count, count + 1];
        for (var i = 0; i < count; i++)
        {
            for (var j = 0; j < count; j++) { rows[i, j] = gram[i, j] + (i == j ? ridge : 0); }
            rows[i, count] = 1;
        }

        // Positive definite: no pivot is needed.
        for (var p = 0; p < count; p++)
        {
            for (var i = 0; i < count; i++)
            {
                if (i == p) { continue; }
                var factor = rows[i, p] / rows[p, p];
                for (var j = p; j <= count; j++) { rows[i, j] -= factor * rows[p, j]; }
            }
        }

        var found = Enumerable.Range(0, count).Select(i => rows[i, count] / rows[i, i]).ToArray();
        return Array.ConvertAll(found, each => each / found.Sum());
    }

    private static double Dot(Tensor one, Tensor other)
    {
        if (!Kernels.AreSimd(one) || !one.is_contiguous() || !other.is_contiguous()) { return (one * other).sum(ScalarType.Float64).ToDouble(); }
        return one.dtype == ScalarType.Float64 ? Dot<double>(one, other) : Dot<float>(one, other);
    }

    private static unsafe double Dot<T>(Tensor one, Tensor other) where T : unmanaged, IFloatingPointIeee754<T>
    {
        const int block = 4_096;
        var count = one.numel();
        var a = Rows.Of<T>(one);
        var b = Rows.Of<T>(other);
        var sums = new double[(count + block - 1) / block];
        RowWork.Over(sums.Length, block, (_, first, last) =>
        {
            for (var i = first; i < last; i++)
            {
                var sum = Vector<T>.Zero;
                var end = Math.Min(count, (i + 1L) * block);
                for (var at = (long)i * block; at < end; at += Vector<T>.Count)
                {
                    var lanes = (int)Math.Min(Vector<T>.Count, end - at);
                    sum += Lanes.Load(a + at, lanes) * Lanes.Load(b + at, lanes);
                }

                sums[i] = double.CreateChecked(Vector.Sum(sum));
            }
        });
        return sums.Sum();
    }
}
