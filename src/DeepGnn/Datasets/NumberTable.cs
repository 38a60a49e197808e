using System.Globalization;

namespace DeepGnn.Datasets;

/// <summary>
/// Rows of numbers in text, separated by commas, semicolons or blanks. Files unpack on the way where they end in .gz or .bz2.
/// </summary>
internal static class NumberTable
{
    public static DenseMatrix Floats(string path, int? rows = null) => Floats(path, FileReading.Lines(path), rows);

    public static int[] Ints(string path, int columns, int low, int high, int? rows = null) =>
        Ints(path, FileReading.Lines(path), columns, low, high, rows);

    /// <summary>Finite numbers, as many in each row.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="lines">Its lines.</param>
    /// <param name="rows">Rows needed; null takes what is there.</param>
    public static DenseMatrix Floats(string path, IEnumerable<string> lines, int? rows)
    {
        var values = new List<float>();
        var (count, columns) = (0, 0);
        foreach (var (number, line) in Rows(lines, rows))
        {
            var before = values.Count;
            foreach (var range in Fields(line))
            {
                values.Add(CsvReader.Float(path, number, line.AsSpan(range)));
            }

            var found = values.Count - before;
            if (count++ == 0) { columns = found; }
            if (found != columns) { throw new DataException(path, $"line {number}: found {found} numbers, needed {columns}"); }
        }

        NeedRows(path, count, rows);
        return new(count, columns, [.. values]);
    }

    /// <summary>
    /// Whole numbers, <paramref name="columns"/> in each row; a number with a point but no fraction counts, as Pandas writes some.
    /// </summary>
    public static int[] Ints(string path, IEnumerable<string> lines, int columns, int low, int high, int? rows)
    {
        var values = new List<int>();
        var count = 0;
        foreach (var (number, line) in Rows(lines, rows))
        {
            var before = values.Count;
            foreach (var range in Fields(line))
            {
                var field = line.AsSpan(range);
                if (!double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
                    || value != Math.Floor(value) || value < low || value > high)
                {
                    throw new DataException(
                        path,
                        $"line {number}: found {CsvReader.Shorten(field.ToString())}, needed a whole number from {low} to {high}");
                }

                values.Add((int)value);
            }

            count++;
            if (values.Count - before != columns)
            {
                throw new DataException(path, $"line {number}: found {values.Count - before} numbers, needed {columns}");
            }
        }

        NeedRows(path, count, rows);
        return [.. values];
    }

    /// <summary>Lines that are not empty; one more than needed is enough to know that there are too many.</summary>
    private static IEnumerable<(int Number, string Line)> Rows(IEnumerable<string> lines, int? rows)
    {
        var number = 0;
        var left = rows is { } needed ? (long)needed + 1 : long.MaxValue;
        foreach (var line in lines)
        {
            number++;
            if (line.AsSpan().Trim().Length > 0 && left-- > 0) { yield return (number, line); }
            if (left == 0) { yield break; }
        }
    }

    private static IEnumerable<Range> Fields(string line)
    {
        var start = -1;
        for (var i = 0; i <= line.Length; i++)
        {
            var gap = i == line.Length || line[i] is ',' or ' ' or '\t' or ';';
            if (!gap && start < 0) { start = i; }
            if (gap && start >= 0) { yield return start..i; start = -1; }
        }
    }

    private static void NeedRows(string path, int found, int? needed)
    {
        if (needed is { } rows && found != rows)
        {
            throw new DataException(path, $"found {(found > rows ? $"more than {rows}" : found)} rows, needed {rows}");
        }
    }
}
