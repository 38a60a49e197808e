using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Contracts;

/// <summary>Reads a run spec from JSON and says of a document that is none where it went wrong, what was found and what is needed.</summary>
public static class RunSpecJson
{
    private const int ShownCharacters = 60;

    /// <summary>The spec, or the first fault of the document's form. Values are judged by <see cref="RunSpecValidation"/>.</summary>
    public static (RunSpec? Spec, SpecFault? Fault) Parse(string json) => Parse<RunSpec>(json, "a run spec");

    /// <summary>The same for a document that holds run specs; <paramref name="what"/> names it.</summary>
    public static (T? Spec, SpecFault? Fault) Parse<T>(string json, string what) where T : class
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            try
            {
                var spec = document.Deserialize<T>(ContractJson.Options);
                return spec is null ? (null, new SpecFault("$", $"found null, needed {what}")) : (spec, null);
            }
            catch (JsonException e)
            {
                return (null, Explain(typeof(T), document.RootElement, e.Path ?? "$", e.Message));
            }
        }
        catch (JsonException e)
        {
            return (null, new SpecFault("$", $"found text that is not JSON ({e.Message.TrimEnd('.')}), needed {what} as JSON"));
        }
    }

    // Walks the document and the types side by side: the serialiser's own message speaks of .NET types and leaves out the value.
    private static SpecFault Explain(Type type, JsonElement root, string path, string message)
    {
        var element = root;
        var walked = "$";
        foreach (var step in path.TrimStart('$').Split(['.', '['], StringSplitOptions.RemoveEmptyEntries))
        {
            if (step.EndsWith(']'))
            {
                var index = int.Parse(step[..^1], System.Globalization.CultureInfo.InvariantCulture);
                walked += $"[{index}]";
                if (element.ValueKind != JsonValueKind.Array || index >= element.GetArrayLength()) { break; }
                element = element[index];
                type = type.GetGenericArguments().FirstOrDefault() ?? type;
                continue;
            }

            var property = PropertyNamed(type, step);
            walked += $".{step}";
            if (property is null) { return new(walked, $"found an unknown member, needed one of {string.Join(", ", Properties(type).Select(NameOf))}"); }
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(NameOf(property), out var next)) { break; }
            element = next;
            type = property.PropertyType;
        }

        return MissingMember(element, type, walked) ?? UnknownMember(element, type, walked)
            ?? (element.ValueKind == JsonValueKind.Object && KindOf(type) == "an object" ? new(walked, message) : new(walked, $"found {Shown(element)}, needed {KindOf(type)}"));
    }

    private static SpecFault? MissingMember(JsonElement element, Type type, string path)
    {
        if (element.ValueKind != JsonValueKind.Object) { return null; }
        var missing = Properties(type).FirstOrDefault(property =>
            property.GetCustomAttribute<RequiredMemberAttribute>() is not null && !element.TryGetProperty(NameOf(property), out _));
        return missing is null ? null : new($"{path}.{NameOf(missing)}", $"found nothing, needed {KindOf(missing.PropertyType)}");
    }

    private static SpecFault? UnknownMember(JsonElement element, Type type, string path)
    {
        if (element.ValueKind != JsonValueKind.Object) { return null; }
        var unknown = element.EnumerateObject().Select(member => member.Name).FirstOrDefault(name => PropertyNamed(type, name) is null);
        return unknown is null ? null : new($"{path}.{unknown}", $"found an unknown member, needed one of {string.Join(", ", Properties(type).Select(NameOf))}");
    }

    private static string Shown(JsonElement element)
    {
        var raw = element.GetRawText();
        return raw.Length <= ShownCharacters ? raw : raw[..ShownCharacters] + "…";
    }

    private static string KindOf(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsEnum) { return "one of " + string.Join(", ", type.GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => $"\"{EnumName(field)}\"")); }
        if (type == typeof(string)) { return "text"; }
        if (type == typeof(int) || type == typeof(long)) { return "a whole number"; }
        if (type == typeof(double)) { return "a number"; }
        if (type == typeof(bool)) { return "true or false"; }
        return typeof(IEnumerable).IsAssignableFrom(type) ? "an array" : "an object";
    }

    private static string EnumName(FieldInfo field) =>
        field.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name ?? JsonNamingPolicy.CamelCase.ConvertName(field.Name);

    private static PropertyInfo[] Properties(Type type) =>
        [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite)];

    private static PropertyInfo? PropertyNamed(Type type, string name) =>
        Properties(type).FirstOrDefault(property => string.Equals(NameOf(property), name, StringComparison.OrdinalIgnoreCase));

    private static string NameOf(PropertyInfo property) => JsonNamingPolicy.CamelCase.ConvertName(property.Name);
}
