using DeepGnn.Datasets.Numpy;

namespace DeepGnn.Datasets.PointClouds;

/// <summary>
/// Reads points as rows of numbers, from text (XYZ, CSV or TXT: separated by blanks or commas; .gz too) or from a <c>.npy</c> array [P, 3
/// + K] or
/// [P, 3 + K + 1]: x, y, z, features, and a whole number as label where the file has one.
/// </summary>
public static class PointTableReader
{
    /// <param name="path">The file; <c>.npy</c> is read as an array, any other as text.</param>
    /// <param name="features">Columns K between the coordinates and the label.</param>
    /// <param name="labelled">Whether the last column is the label of the point.</param>
    /// <exception cref="DataException">Names line or entry, found and needed.</exception>
    public static PointCloud Read(string path, int features, bool labelled)
    {
        var table = path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase) ? FromArray(path) : NumberTable.Floats(path);
        var needed = 3 + features + (labelled ? 1 : 0);
        if (table.ColumnCount != needed)
        {
            throw new DataException(
                path,
                $"found {table.ColumnCount} columns, needed {needed}: x, y, z, {features} features{(labelled ? ", label" : "")}");
        }

        var (positions, values) = (new float[3 * table.RowCount], new float[features * table.RowCount]);
        var labels = labelled ? new int[table.RowCount] : null;
        for (var i = 0; i < table.RowCount; i++)
        {
            var row = table.Row(i);
            row[..3].CopyTo(positions.AsSpan(3 * i));
            row.Slice(3, features).CopyTo(values.AsSpan(features * i));
            if (labels is not null) { labels[i] = Label(path, i, row[^1]); }
        }

        return new(Path.GetFileNameWithoutExtension(path), positions, new(table.RowCount, features, values)) { PointLabels = labels };
    }

    private static DenseMatrix FromArray(string path)
    {
        var array = NpyReader.ReadFile(path).NeedRank(2);
        return new(array.Shape[0], array.Shape[1], array.ToFloats("point"));
    }

    private static int Label(string path, int point, float value) => value == MathF.Floor(value) && MathF.Abs(value) <= 1_000_000
        ? (int)value
        : throw new DataException(path, $"point {point}: found label {value}, needed a whole number");
}
