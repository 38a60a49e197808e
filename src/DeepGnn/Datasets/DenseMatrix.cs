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
public sealed record LabelMatrix(int RowCount, int ColumnCount, byte[] Values);
