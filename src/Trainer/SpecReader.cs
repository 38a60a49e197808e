using System.Text;
using System.Text.Json;
using Contracts;

namespace Trainer;

internal static class SpecReader
{
    private const int MaxCharacters = 1_000_000;

    /// <summary>Reads the first JSON document of the input, over as many lines as it takes, and leaves the rest unread.</summary>
    public static RunSpec Read(TextReader input)
    {
        var (spec, fault) = RunSpecJson.Parse(FirstDocument(input));
        if (fault is not null) { throw new UserException($"{fault.Path}: {fault.Message}"); }

        var faults = RunSpecValidation.Faults(spec!);
        return faults.Count == 0
            ? spec!
            : throw new UserException(string.Join("; ", faults.Select(each => $"{each.Path}: {each.Message}")));
    }

    private static string FirstDocument(TextReader input)
    {
        var text = new StringBuilder();
        while (input.ReadLine() is { } line)
        {
            text.AppendLine(line);
            if (text.Length > MaxCharacters) { throw new UserException($"found a run spec of more than {MaxCharacters} characters, needed a smaller one"); }
            if (IsWhole(text.ToString())) { break; }
        }

        return text.Length > 0 ? text.ToString() : throw new UserException("found an empty standard input, needed a run spec as JSON");
    }

    private static bool IsWhole(string text)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text), isFinalBlock: false, default);
        try
        {
            while (reader.Read())
            {
                if (reader.CurrentDepth == 0 && reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray) { return true; }
            }
        }
        catch (JsonException)
        {
            return true; // malformed for good: the deserialiser says where
        }

        return false;
    }
}
