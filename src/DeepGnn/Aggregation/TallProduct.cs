using DeepGnn.Aggregation.Simd;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation;

/// <summary>
/// Products of node features [N, F] with weights [F', F] for functions with a backward pass of their own: kernels of ours on the CPU, where libtorch's
/// lose time with such shapes, libtorch's elsewhere and for widths that do not fill vectors.
/// </summary>
internal static class TallProduct
{
    /// <summary>y = x Wᵀ + b with b [F'] or null, or added to y where <paramref name="add"/> says so; y is [N, F'].</summary>
    public static Tensor Map(Tensor x, Tensor weight, Tensor? bias, Tensor y, bool add = false)
    {
        if (TallRows<float>.Serves(x, weight)) { TallRows<float>.Map(x, weight, bias, y, add); }
        else if (TallRows<double>.Serves(x, weight)) { TallRows<double>.Map(x, weight, bias, y, add); }
        else
        {
            y.addmm_(x, weight.t(), beta: add ? 1 : 0, alpha: 1);
            if (bias is not null) { y.add_(bias); }
        }

        return y;
    }

    /// <summary>
    /// From g = d loss / d y [N, F']: <paramref name="toX"/> = g W, or added to it where <paramref name="add"/> says so, and gᵀ x added to <paramref name="toWeight"/>.
    /// Either of them may be null.
    /// </summary>
    public static void Backward(Tensor g, Tensor x, Tensor weight, Tensor? toX, Tensor? toWeight, bool add = false)
    {
        if (TallRows<float>.Serves(x, weight)) { TallRows<float>.Backward(g, x, weight, toX, add, toWeight); }
        else if (TallRows<double>.Serves(x, weight)) { TallRows<double>.Backward(g, x, weight, toX, add, toWeight); }
        else
        {
            using var turned = g.t();
            toX?.addmm_(g, weight, beta: add ? 1 : 0, alpha: 1);
            toWeight?.addmm_(turned, x, beta: 1, alpha: 1);
        }
    }
}
