using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>Batch normalisation of a few rows with statistics over all edges.</summary>
internal static class EdgeBatchNorm
{
    private const double Epsilon = 1e-5;
    private const double Momentum = 0.1;

    /// <summary>Normalises with <paramref name="moments"/> [2, D] over <paramref name="count"/> edges and updates the running statistics.</summary>
    public static Tensor Trained(BatchNorm1d norm, Tensor x, Tensor moments, int count)
    {
        Learn(norm, moments, count);
        return Scaled(norm, x, moments[0], moments[1]);
    }

    /// <summary>Updates the running statistics.</summary>
    public static void Learn(BatchNorm1d norm, Tensor moments, int count)
    {
        using var constant = no_grad();
        var share = count == 0 ? 0 : Momentum; // no edges, nothing to learn from
        norm.running_mean!.mul_(1 - share).add_(moments[0] * share);
        norm.running_var!.mul_(1 - share).add_(moments[1] * (share * count / Math.Max(1, count - 1)));
        norm.get_buffer("num_batches_tracked")!.add_(1);
    }

    /// <summary>Normalises with the running statistics.</summary>
    public static Tensor Running(BatchNorm1d norm, Tensor x) => Scaled(norm, x, norm.running_mean!, norm.running_var!);

    private static Tensor Scaled(BatchNorm1d norm, Tensor x, Tensor mean, Tensor variance) =>
        ((x - mean) / (variance + Epsilon).sqrt() * norm.weight!) + norm.bias!;
}
