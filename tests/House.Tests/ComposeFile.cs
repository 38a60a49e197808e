using System.Text.RegularExpressions;
using Testing;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace House.Tests;

/// <summary>docker-compose.yml as an engine reads it: parsed, merge keys resolved.</summary>
internal sealed partial class ComposeFile
{
    private readonly Dictionary<object, object?> root;

    public ComposeFile()
    {
        Text = File.ReadAllText(Path.Combine(TestFolders.Repository, "docker-compose.yml"));
        root = new DeserializerBuilder().Build().Deserialize<Dictionary<object, object?>>(new MergingParser(new Parser(new StringReader(Text))))!;
    }

    public string Text { get; }

    public IEnumerable<string> Services => Map(root["services"]).Keys.Select(key => (string)key);

    public IEnumerable<string> Volumes => Map(root["volumes"]).Keys.Select(key => (string)key);

    public IEnumerable<string> Variables => Variable().Matches(Text).Select(match => match.Groups[1].Value).Distinct();

    public object? Of(string service, params string[] path) =>
        path.Aggregate((object?)Map(Map(root["services"])[service]), (at, step) => at is Dictionary<object, object?> map ? map.GetValueOrDefault(step) : null);

    public Dictionary<object, object?> MapOf(string service, params string[] path) => Of(service, path) is { } found ? Map(found) : [];

    public IReadOnlyList<string> ListOf(string service, params string[] path) => Of(service, path) is List<object> list ? [.. list.Cast<string>()] : [];

    private static Dictionary<object, object?> Map(object? node) => Assert.IsType<Dictionary<object, object?>>(node);

    [GeneratedRegex(@"\$\{(\w+)")]
    private static partial Regex Variable();
}
