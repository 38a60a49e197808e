using Contracts;

namespace Web.Client;

/// <summary>Which runs a list shows. Its text form is the page's query string, so a filtered list can be bookmarked.</summary>
public sealed record RunFilter
{
    public IReadOnlyList<RunStatus> Statuses { get; init; } = [];
    public string? Group { get; init; }
    public string? Text { get; init; }

    public bool IsEmpty => Statuses.Count == 0 && string.IsNullOrEmpty(Group) && string.IsNullOrEmpty(Text);

    public static RunFilter Parse(string? status, string? group, string? text) => new()
    {
        Statuses = [.. (status ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(name => Enum.TryParse<RunStatus>(name, ignoreCase: true, out var value) && Enum.IsDefined(value) ? value : (RunStatus?)null)
            .OfType<RunStatus>().Distinct().Order()],
        Group = string.IsNullOrWhiteSpace(group) ? null : group.Trim(),
        Text = string.IsNullOrWhiteSpace(text) ? null : text.Trim(),
    };

    public string StatusText => string.Join(',', Statuses.Select(status => Display.Name(status)));

    /// <summary>"?status=…&amp;group=…&amp;text=…" with what is set; empty for all runs.</summary>
    public string ToQuery() => Query(("status", StatusText), ("group", Group), ("text", Text));

    internal static string Query(params (string Name, string? Value)[] parts)
    {
        var query = string.Join('&', parts.Where(part => !string.IsNullOrEmpty(part.Value)).Select(part => $"{part.Name}={Uri.EscapeDataString(part.Value!)}"));
        return query.Length == 0 ? "" : "?" + query;
    }

    /// <summary>Whether a run belongs into the list.</summary>
    public bool Matches(RunSummary run) =>
        (Statuses.Count == 0 || Statuses.Contains(run.Status))
        && (Group is null || Group == run.Group)
        && (Text is null || run.Name.Contains(Text, StringComparison.OrdinalIgnoreCase) || run.Dataset.Contains(Text, StringComparison.OrdinalIgnoreCase)
            || run.Group?.Contains(Text, StringComparison.OrdinalIgnoreCase) == true);
}
