using DeepGnn.Memory;

namespace DeepGnn.Datasets;

/// <summary>
/// Node features [N, F] in compressed sparse rows, as most citation sets have them; a dense set simply stores every entry. Columns rise
/// within a row and no column repeats.
/// </summary>
public sealed record FeatureMatrix
{
    private int[]? _columns;

    /// <summary>Number of nodes N.</summary>
    public required int RowCount { get; init; }

    /// <summary>Number of features F.</summary>
    public required int ColumnCount { get; init; }

    /// <summary>Length N + 1.</summary>
    public required int[] Offsets { get; init; }

    /// <summary>Column of each stored entry; may be left out where every entry is stored.</summary>
    public int[] Columns
    {
        get => _columns ??= IsComplete ? [.. Enumerable.Range(0, RowCount).SelectMany(_ => Enumerable.Range(0, ColumnCount))]
            : throw new InvalidOperationException($"columns: found none for {Values.Length} of {(long)RowCount * ColumnCount} entries, needed one for each");
        init => _columns = value;
    }

    /// <summary>Value of each stored entry.</summary>
    public required float[] Values { get; init; }

    /// <summary>Whether every entry is stored: <see cref="Values"/> is the row-major [N, F] array then.</summary>
    internal bool IsComplete => Values.Length == (long)RowCount * ColumnCount;

    internal HeldBytes Held => HeldBytes.OfArrays(Offsets, _columns, Values);

    /// <summary>All entries of a row-major [N, F] array that are not zero. Where none is, the array becomes the matrix's own.</summary>
    public static FeatureMatrix FromDense(int rowCount, int columnCount, float[] values)
    {
        // Counted before they are copied: lists that grow would hold twice as much.
        var offsets = new int[rowCount + 1];
        for (var i = 0; i < rowCount; i++)
        {
            offsets[i + 1] = offsets[i] + columnCount - values.AsSpan(i * columnCount, columnCount).Count(0f);
        }

        if (offsets[^1] == values.Length) { return new() { RowCount = rowCount, ColumnCount = columnCount, Offsets = offsets, Values = values }; }

        var (columns, kept) = (new int[offsets[^1]], new float[offsets[^1]]);
        for (int i = 0, at = 0; i < rowCount; i++)
        {
            for (var j = 0; j < columnCount; j++)
            {
                var value = values[(i * columnCount) + j];
                if (value != 0) { (columns[at], kept[at++]) = (j, value); }
            }
        }

        return new() { RowCount = rowCount, ColumnCount = columnCount, Offsets = offsets, Columns = columns, Values = kept };
    }

    /// <summary>Ones at the columns listed for each row, which must rise within it.</summary>
    public static FeatureMatrix FromColumns(int columnCount, IReadOnlyList<IReadOnlyList<int>> rows)
    {
        var offsets = new int[rows.Count + 1];
        for (var i = 0; i < rows.Count; i++) { offsets[i + 1] = offsets[i] + rows[i].Count; }

        var values = new float[offsets[^1]];
        Array.Fill(values, 1);
        int[] columns = [.. rows.SelectMany(row => row)];
        return new() { RowCount = rows.Count, ColumnCount = columnCount, Offsets = offsets, Columns = columns, Values = values };
    }

    /// <summary>The rows of all matrices, one below the other.</summary>
    /// <param name="parts">At least one, of equal width.</param>
    internal static FeatureMatrix Stack(IReadOnlyList<FeatureMatrix> parts)
    {
        var offsets = new int[1 + parts.Sum(part => part.RowCount)];
        var at = 0;
        foreach (var part in parts)
        {
            for (var i = 1; i <= part.RowCount; i++) { offsets[at + i] = checked(offsets[at] + part.Offsets[i]); }
            at += part.RowCount;
        }

        var stacked = new FeatureMatrix { RowCount = at, ColumnCount = parts[0].ColumnCount, Offsets = offsets, Values = Joined(part => part.Values) };
        return stacked.IsComplete ? stacked : stacked with { Columns = Joined(part => part.Columns) };

        T[] Joined<T>(Func<FeatureMatrix, T[]> of)
        {
            var (joined, filled) = (new T[offsets[^1]], 0);
            foreach (var entries in parts.Select(of))
            {
                entries.CopyTo(joined, filled);
                filled += entries.Length;
            }

            return joined;
        }
    }

    /// <summary>The rows of <paramref name="nodes"/> in their order, sparse as they are; a node may come more than once.</summary>
    /// <param name="nodes">Rows, each in [0, N).</param>
    /// <exception cref="ArgumentException">A node out of range: names its place, the value and N.</exception>
    public FeatureMatrix Pick(IReadOnlyList<int> nodes)
    {
        var offsets = new int[nodes.Count + 1];
        for (var i = 0; i < nodes.Count; i++)
        {
            if ((uint)nodes[i] >= (uint)RowCount)
            {
                throw new ArgumentException($"row {i}: found node {nodes[i]}, needed a node from 0 to {RowCount - 1}");
            }

            offsets[i + 1] = checked(offsets[i] + Offsets[nodes[i] + 1] - Offsets[nodes[i]]);
        }

        var (columns, values) = (new int[offsets[^1]], new float[offsets[^1]]);
        for (var i = 0; i < nodes.Count; i++)
        {
            var (from, count) = (Offsets[nodes[i]], offsets[i + 1] - offsets[i]);
            Array.Copy(Columns, from, columns, offsets[i], count);
            Array.Copy(Values, from, values, offsets[i], count);
        }

        return new() { RowCount = nodes.Count, ColumnCount = ColumnCount, Offsets = offsets, Columns = columns, Values = values };
    }

    /// <summary>Row-major [N, F] array.</summary>
    public float[] ToDense()
    {
        var dense = new float[(long)RowCount * ColumnCount];
        for (var i = 0; i < RowCount; i++)
        {
            for (var k = Offsets[i]; k < Offsets[i + 1]; k++) { dense[((long)i * ColumnCount) + Columns[k]] = Values[k]; }
        }

        return dense;
    }

    /// <summary>Each row divided by the sum of its absolute values; rows of zeros stay zero.</summary>
    public FeatureMatrix RowNormalized()
    {
        var values = new float[Values.Length];
        for (var i = 0; i < RowCount; i++)
        {
            double sum = 0;
            for (var k = Offsets[i]; k < Offsets[i + 1]; k++) { sum += Math.Abs(Values[k]); }
            var scale = sum > 0 ? 1 / sum : 0;
            for (var k = Offsets[i]; k < Offsets[i + 1]; k++) { values[k] = (float)(Values[k] * scale); }
        }

        return this with { Values = values };
    }
}
