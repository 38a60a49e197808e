using static TorchSharp.torch;

namespace DeepGnn.Aggregation;

/// <summary>
/// What edges add to messages: row e is A_e, or W A_e + b where a map is given. Mapped rows [E, D] are never stored: kernels make one row at a
/// time, and take its gradient apart again.
/// </summary>
/// <param name="Rows">A, [E, D], or [E, K] with a map; in the order of the graph's edge list.</param>
/// <param name="Weight">W, [D, K], or null.</param>
/// <param name="Bias">b, [D], or null.</param>
public sealed record EdgeFeatures(Tensor Rows, Tensor? Weight = null, Tensor? Bias = null)
{
    /// <summary>Rows that are added as they are.</summary>
    public static implicit operator EdgeFeatures?(Tensor? rows) => rows is null ? null : new(rows);

    /// <summary>The same as the conversion.</summary>
    public static EdgeFeatures? FromTensor(Tensor? rows) => rows;

    /// <summary>Rows mapped by a linear layer, or as they are if it is null.</summary>
    public static EdgeFeatures? Mapped(Tensor? rows, TorchSharp.Modules.Linear? map) =>
        rows is null ? null : new(rows, map?.weight, map?.bias);

    /// <summary>Checked against the graph, laid out for kernels.</summary>
    internal EdgeFeatures Checked(long edges, long width)
    {
        var needed = Weight is null ? width : Weight.shape[1];
        if (Rows.dim() != 2 || Rows.shape[0] != edges || Rows.shape[1] != needed)
        {
            throw new ArgumentException($"edge features: found shape [{string.Join(", ", Rows.shape)}], needed [{edges}, {needed}]");
        }

        if (Weight is not null && Weight.shape[0] != width)
        {
            throw new ArgumentException($"map of edge features: found {Weight.shape[0]} channels, needed {width}");
        }

        return new(Rows.contiguous(), Weight?.contiguous(), Bias?.contiguous());
    }

    /// <summary>Rows first to first + count − 1 mapped, [count, D].</summary>
    internal Tensor Some(long first, long count)
    {
        var rows = Rows.narrow(0, first, count);
        if (Weight is null) { return rows; }
        var mapped = rows.matmul(Weight.t());
        return Bias is null ? mapped : mapped + Bias;
    }

    /// <summary>As arguments of an autograd function.</summary>
    internal static Tensor[] Arguments(EdgeFeatures? features) => [features?.Rows!, features?.Weight!, features?.Bias!];

    /// <summary>From arguments or saved tensors, three of them from <paramref name="at"/> on.</summary>
    internal static EdgeFeatures? From(IReadOnlyList<object?> values, int at) =>
        values[at] is Tensor rows ? new(rows, (Tensor?)values[at + 1], (Tensor?)values[at + 2]) : null;
}

/// <summary>Which gradients of edge features somebody asked for.</summary>
internal readonly record struct NeededOfEdges(bool Rows, bool Weight, bool Bias)
{
    public bool Any => Rows || Weight || Bias;

    public static NeededOfEdges By(EdgeFeatures? features) => new(
        features?.Rows.requires_grad ?? false, features?.Weight?.requires_grad ?? false, features?.Bias?.requires_grad ?? false);
}

/// <summary>Gradients with respect to A, W and b; null where not needed.</summary>
internal readonly record struct EdgeFeatureGradients(Tensor? Rows, Tensor? Weight, Tensor? Bias)
{
    public bool Any => Rows is not null || Weight is not null || Bias is not null;

    /// <summary>In the order of <see cref="EdgeFeatures.Arguments"/>.</summary>
    public Tensor?[] InOrder => [Rows, Weight, Bias];

    /// <summary>Zeros to add to.</summary>
    public static EdgeFeatureGradients Zeros(EdgeFeatures? features, NeededOfEdges needed) => new(
        needed.Rows ? zeros_like(features!.Rows) : null,
        needed.Weight ? zeros_like(features!.Weight!) : null,
        needed.Bias ? zeros_like(features!.Bias!) : null);

    /// <summary>Adds what the mapped rows first to first + count − 1 sent back, [count, D].</summary>
    public void Take(EdgeFeatures features, long first, long count, Tensor sent)
    {
        Rows?.narrow(0, first, count).copy_(features.Weight is null ? sent : sent.matmul(features.Weight));
        Weight?.add_(sent.t().matmul(features.Rows.narrow(0, first, count)));
        Bias?.add_(sent.sum(dim: 0));
    }
}
