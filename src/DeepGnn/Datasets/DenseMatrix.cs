using DeepGnn.Runtime;
using TorchSharp;

namespace DeepGnn.Datasets;

/// <summary>Numbers in row-major order: features of edges [E, K] or of points [P, K].</summary>
/// <param name="RowCount">Rows.</param>
/// <param name="ColumnCount">Columns.</param>
/// <param name="Values">Length rows × columns.</param>
public sealed record DenseMatrix(int RowCount, int ColumnCount, float[] Values)
{
    /// <summary>One row.</summary>
    public ReadOnlySpan<float> Row(int row) => Values.AsSpan(row * ColumnCount, ColumnCount);
}

/// <summary>Several yes-or-no labels for each node: [N, T], one byte each, 0 or 1.</summary>
/// <param name="RowCount">Nodes N.</param>
/// <param name="ColumnCount">Labels T.</param>
/// <param name="Values">Length N × T.</param>
public sealed record LabelMatrix(int RowCount, int ColumnCount, byte[] Values)
{
    /// <summary>The rows at the given positions, in that order.</summary>
    public LabelMatrix Pick(IReadOnlyList<int> rows)
    {
        var values = new byte[rows.Count * ColumnCount];
        for (var i = 0; i < rows.Count; i++) { Values.AsSpan(rows[i] * ColumnCount, ColumnCount).CopyTo(values.AsSpan(i * ColumnCount)); }
        return new(rows.Count, ColumnCount, values);
    }

    /// <summary>[N, T] in float32 on the device.</summary>
    public torch.Tensor ToTensor(torch.Device device) => OwnMemory.Copy(Array.ConvertAll(Values, value => (float)value), device, RowCount, ColumnCount);
}
