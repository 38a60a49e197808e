using System.Text.Json;

namespace Conformance;

/// <summary>
/// A case's configuration. It remembers which keys were read: a key nobody read means that the case asks for something we do not know, so it
/// must not count as passed.
/// </summary>
public sealed class CaseConfig(JsonElement values)
{
    // What the inputs say themselves, and what changes the memory taken, not the numbers.
    private readonly HashSet<string> _read = ["num_nodes", "ckpt_grad"];

    public int Count(string key, int otherwise) => Given(key) is { } v ? v.GetInt32() : otherwise;

    public int Count(string key) => Find(key)?.GetInt32() ?? throw new UnsupportedCaseException($"config has no {key}");

    public int? OptionalCount(string key) => Find(key)?.GetInt32();

    public double Number(string key, double otherwise) => Given(key) is { } v ? v.GetDouble() : otherwise;

    public double? OptionalNumber(string key) => Find(key)?.GetDouble();

    public bool Flag(string key, bool otherwise = false) => Given(key) is { } v ? v.GetBoolean() : otherwise;

    public bool? OptionalFlag(string key) => Find(key)?.GetBoolean();

    public string Text(string key, string otherwise) => Given(key) is { } v ? v.GetString()! : otherwise;

    public string? OptionalText(string key) => Find(key)?.GetString();

    public int[]? Counts(string key) => Find(key) is { } v ? [.. v.EnumerateArray().Select(i => i.GetInt32())] : null;

    public bool Has(string key) => values.TryGetProperty(key, out _);

    /// <summary>Accepts a key only where it is not there or says, as JSON, one of <paramref name="known"/>.</summary>
    public void Only(string key, params string[] known)
    {
        _read.Add(key);
        if (values.TryGetProperty(key, out var found) && !known.Contains(found.GetRawText()))
        {
            throw new UnsupportedCaseException($"{key}: found {found.GetRawText()}, needed {string.Join(" or ", known)}");
        }
    }

    /// <summary>Marks a key as understood without using it.</summary>
    public void Note(params string[] keys) => _read.UnionWith(keys);

    public IReadOnlyList<string> Unread() =>
        [.. values.EnumerateObject().Select(p => p.Name).Where(name => !_read.Contains(name))];

    // A null is not the default: where it means something, it is asked for as an optional value.
    private JsonElement? Given(string key) => Find(key) ?? (Has(key) ? throw new UnsupportedCaseException($"{key}: found null") : null);

    private JsonElement? Find(string key)
    {
        _read.Add(key);
        return values.TryGetProperty(key, out var found) && found.ValueKind != JsonValueKind.Null ? found : null;
    }
}

/// <summary>The case asks for something the engine does not have.</summary>
public sealed class UnsupportedCaseException(string message) : Exception(message);
