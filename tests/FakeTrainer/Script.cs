using System.Globalization;

namespace FakeTrainer;

/// <summary>
/// What to do, read from the run's name: words <c>key=value</c> or <c>key=epoch:value</c>, for example
/// <c>delay=20 signal=3:9</c> for 20 ms an epoch and death by SIGKILL after epoch 3; with <c>once</c> a resumed attempt behaves.
/// </summary>
internal sealed class Script(string name)
{
    private readonly Dictionary<string, string> words = name.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .Select(word => word.Split('=', 2))
        .ToDictionary(parts => parts[0], parts => parts.Length > 1 ? parts[1] : "");

    public bool Has(string key) => words.ContainsKey(key);

    public int Number(string key, int otherwise) =>
        words.TryGetValue(key, out var value) ? int.Parse(value, CultureInfo.InvariantCulture) : otherwise;

    /// <summary>The value of <c>key=epoch:value</c> when <paramref name="epoch"/> is that epoch.</summary>
    public string? At(string key, int epoch)
    {
        if (!words.TryGetValue(key, out var value)) { return null; }
        var parts = value.Split(':', 2);
        return int.Parse(parts[0], CultureInfo.InvariantCulture) == epoch ? parts.ElementAtOrDefault(1) ?? "" : null;
    }
}
