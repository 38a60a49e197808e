namespace DeepGnn.Datasets.Numpy;

/// <summary>
/// A matrix in compressed sparse rows, checked, with columns rising within each row and repeated entries added up as SciPy does.
/// </summary>
internal sealed record SparseMatrix(string Place, int RowCount, int ColumnCount, int[] Offsets, int[] Columns, float[] Values)
{
    /// <summary>From the parts SciPy stores; the columns of a row may come in any order.</summary>
    public static SparseMatrix From(string place, int[] shape, NumpyArray indptr, NumpyArray indices, NumpyArray data)
    {
        if (shape.Length != 2)
        {
            throw new DataException(place, $"found a sparse matrix of shape {NumpyArray.Describe(shape)}, needed two dimensions");
        }

        var (rows, columns) = (shape[0], shape[1]);
        var offsets = indptr.NeedRank(1).ToInts("row offset", 0, indices.Count);
        if (offsets.Length - 1 != rows)
        {
            throw new DataException(indptr.Place, $"found {offsets.Length} row offsets for {rows} rows, needed {rows + 1L}");
        }

        for (var i = 0; i < rows; i++)
        {
            if (offsets[i] > offsets[i + 1])
            {
                throw new DataException(indptr.Place, $"row {i}: found offsets {offsets[i]} then {offsets[i + 1]}, needed rising ones");
            }
        }

        if (offsets[0] != 0 || offsets[rows] != indices.Count || data.Count != indices.Count)
        {
            throw new DataException(
                place,
                $"found offsets {offsets[0]} to {offsets[rows]}, {indices.Count} indices and {data.Count} values, needed as many of each from 0");
        }

        var entryColumns = indices.NeedRank(1).ToInts("column of entry", 0, columns - 1);
        return Sorted(place, rows, columns, offsets, entryColumns, data.NeedRank(1).ToFloats("value of entry"));
    }

    public FeatureMatrix ToFeatures() =>
        new() { RowCount = RowCount, ColumnCount = ColumnCount, Offsets = Offsets, Columns = Columns, Values = Values };

    private static SparseMatrix Sorted(string place, int rows, int columns, int[] offsets, int[] entryColumns, float[] values)
    {
        var newOffsets = new int[rows + 1];
        var kept = 0;
        for (var i = 0; i < rows; i++)
        {
            var (start, end) = (offsets[i], offsets[i + 1]);
            Array.Sort(entryColumns, values, start, end - start);
            var first = kept;
            for (var k = start; k < end; k++)
            {
                if (kept > first && entryColumns[kept - 1] == entryColumns[k]) { values[kept - 1] += values[k]; continue; }
                (entryColumns[kept], values[kept]) = (entryColumns[k], values[k]);
                kept++;
            }

            newOffsets[i + 1] = kept;
        }

        return kept == values.Length
            ? new(place, rows, columns, newOffsets, entryColumns, values)
            : new(place, rows, columns, newOffsets, entryColumns[..kept], values[..kept]);
    }
}
