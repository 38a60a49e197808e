using System.Text.Json;
using System.Text.Json.Serialization;

namespace Contracts;

/// <summary>The one way documents are written and read: camelCase, enums by name, NaN as "NaN", unknown members refused.</summary>
public static class ContractJson
{
    public static JsonSerializerOptions Options { get; } = Configure(new JsonSerializerOptions(JsonSerializerDefaults.Web));

    /// <summary>The name that documents have for a value: "res+", "validMetric".</summary>
    public static string NameOf(Enum value) => JsonSerializer.Serialize(value, value.GetType(), Options).Trim('"');

    public static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        // "res+" and quotation marks stay readable; nothing of this is ever pasted into HTML unescaped.
        options.Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        options.NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.RespectNullableAnnotations = true;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
        return options;
    }
}
