using System.Globalization;
using System.Text.Json;
using Contracts;
using Runs;

namespace Api;

/// <summary>What users may change of a run, and its ETag: the version of exactly that.</summary>
internal static class RunEdits
{
    private const int MaxName = 200;
    private const int MaxNotes = 20_000;
    private const int MaxTags = 20;
    private const int MaxTag = 50;
    private const int MaxPriority = 1_000;

    public static string ETagOf(Run run) => string.Create(CultureInfo.InvariantCulture, $"\"{run.EditVersion}\"");

    public static SpecFault? PriorityFault(int priority, string path) =>
        priority is < -MaxPriority or > MaxPriority ? new SpecFault(path, $"found {priority}, needed a whole number from {-MaxPriority} to {MaxPriority}") : null;

    /// <summary>No edit: the text is none, and the fault says why. An edit with faults asks for what cannot be.</summary>
    public static (RunEdit? Edit, IReadOnlyList<SpecFault> Faults) Parse(string json)
    {
        try
        {
            var edit = JsonSerializer.Deserialize<RunEdit>(json, ContractJson.Options);
            return edit is null ? (null, [new SpecFault("$", "found null, needed an object with name, tags, notes or priority")]) : (edit, [.. Faults(edit)]);
        }
        catch (JsonException unreadable)
        {
            return (null, [new SpecFault(unreadable.Path ?? "$", "found text that is no edit, needed an object with name (text), tags (array of texts), notes (text) or priority (whole number)")]);
        }
    }

    public static void Apply(RunEdit edit, Run run)
    {
        if (edit.Name is { } name) { run.Name = name.Trim(); }
        if (edit.Tags is { } tags) { run.Tags = [.. tags.Select(tag => tag.Trim()).Distinct()]; }
        if (edit.Notes is { } notes) { run.Notes = notes.Length == 0 ? null : notes; }
        if (edit.Priority is { } priority) { run.Priority = priority; }
        run.EditVersion++;
    }

    private static IEnumerable<SpecFault> Faults(RunEdit edit)
    {
        if (edit.Name is { } name && (string.IsNullOrWhiteSpace(name) || !IsText(name, MaxName))) { yield return new("$.name", $"found {Shown(name)}, needed a text of 1 to {MaxName} characters"); }
        if (edit.Notes is { } notes && !IsText(notes, MaxNotes, lines: true)) { yield return new("$.notes", $"found {Shown(notes)}, needed a text of at most {MaxNotes} characters"); }
        if (edit.Priority is { } priority && PriorityFault(priority, "$.priority") is { } outside) { yield return outside; }
        if (edit.Tags is not { } tags) { yield break; }
        if (tags.Count > MaxTags) { yield return new("$.tags", $"found {tags.Count} tags, needed at most {MaxTags}"); }
        for (var i = 0; i < tags.Count; i++)
        {
            if (string.IsNullOrWhiteSpace(tags[i]) || !IsText(tags[i], MaxTag)) { yield return new($"$.tags[{i}]", $"found {Shown(tags[i])}, needed a text of 1 to {MaxTag} characters"); }
        }
    }

    private static bool IsText(string text, int longest, bool lines = false) =>
        text.Length <= longest && !text.Any(letter => char.IsControl(letter) && !(lines && letter is '\n' or '\r' or '\t'));

    private static string Shown(string? text) => text is null ? "null" : text.Length <= 60 ? $"\"{text}\"" : $"a text of {text.Length} characters";
}
