using System.Globalization;
using System.Text;

namespace DeepGnn.Datasets;

/// <summary>
/// Comma-separated text after RFC 4180, with one record a line: fields may be quoted, a quote in one is doubled; line breaks within a
/// field are refused.
/// </summary>
internal static class CsvReader
{
    private const int MaxFields = 100_000;

    /// <summary>Records below the header, each with as many fields as the header.</summary>
    /// <param name="path">The file; .gz and .bz2 are unpacked on the way.</param>
    /// <param name="header">Receives the column names.</param>
    public static IEnumerable<(int Line, string[] Fields)> Records(string path, Action<string[]> header)
    {
        var number = 0;
        var columns = 0;
        foreach (var line in FileReading.Lines(path))
        {
            number++;
            if (line.Length == 0) { continue; }

            var fields = Fields(path, number, number == 1 ? line.TrimStart('\uFEFF') : line);
            if (columns == 0)
            {
                columns = fields.Length;
                header(fields);
                continue;
            }

            if (fields.Length != columns)
            {
                throw new DataException(path, $"line {number}: found {fields.Length} fields, needed {columns}");
            }

            yield return (number, fields);
        }
    }

    /// <summary>Position of a named column.</summary>
    public static int Column(string path, string[] header, string name)
    {
        var at = Array.IndexOf(header, name);
        return at >= 0 ? at : throw new DataException(path, $"found the columns {string.Join(", ", header.Take(20))}, needed {name}");
    }

    public static int Int(string path, int line, string field, int low, int high) =>
        int.TryParse(field, NumberStyles.Integer, CultureInfo.InvariantCulture, out var value)
            && value >= low && value <= high
            ? value
            : throw new DataException(path, $"line {line}: found {Shorten(field)}, needed a whole number from {low} to {high}");

    public static float Float(string path, int line, ReadOnlySpan<char> field) =>
        float.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && float.IsFinite(value)
            ? value
            : throw new DataException(path, $"line {line}: found {Shorten(field.ToString())}, needed a finite number");

    public static string Shorten(string text) => text.Length > 40 ? $"\"{text[..40]}…\"" : $"\"{text}\"";

    private static string[] Fields(string path, int number, string line)
    {
        if (!line.Contains('"', StringComparison.Ordinal))
        {
            var plain = line.Split(',', MaxFields + 1);
            return plain.Length <= MaxFields ? plain : throw new DataException(path, $"line {number}: found more than {MaxFields} fields");
        }

        var fields = new List<string>();
        var field = new StringBuilder();
        var quoted = false;
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (quoted && c == '"' && i + 1 < line.Length && line[i + 1] == '"') { field.Append('"'); i++; }
            else if (c == '"') { quoted = !quoted; }
            else if (c == ',' && !quoted) { fields.Add(field.ToString()); field.Clear(); }
            else { field.Append(c); }
        }

        if (quoted) { throw new DataException(path, $"line {number}: found an open quote, needed it closed on the same line"); }
        return [.. fields, field.ToString()];
    }
}
