using System.Globalization;
using System.Text.Json;

namespace Contracts;

/// <summary>Lines of CSV (RFC 4180).</summary>
public static class CsvText
{
    public static string Line(IEnumerable<string> cells) => string.Join(',', cells.Select(Quoted)) + "\r\n";

    /// <summary>Numbers and times as any program reads them, enums as documents name them; nothing for null.</summary>
    public static string Cell(object? value) => value switch
    {
        null => "",
        bool yes => yes ? "true" : "false",
        Enum name => ContractJson.NameOf(name),
        DateTimeOffset time => time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
        IFormattable figure => figure.ToString(null, CultureInfo.InvariantCulture),
        IEnumerable<string> texts => JsonSerializer.Serialize(texts, ContractJson.Options),
        _ => value.ToString() ?? "",
    };

    private static string Quoted(string cell) =>
        cell.AsSpan().ContainsAny(",\"\r\n") ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : cell;
}
