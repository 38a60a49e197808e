using System.Globalization;
using System.Text.Json;
using Contracts;

namespace Worker;

/// <summary>The spool of an attempt whose worker process died before it could store everything.</summary>
internal sealed record LeftSpool(string Path, Guid Run, int Attempt, IReadOnlyList<TrainerEvent> Events, int TornLines)
{
    public static IReadOnlyList<LeftSpool> In(string folder) =>
        Directory.Exists(folder) ? [.. Directory.GetFiles(folder, "*" + Spool.Extension).Order().Select(Read).OfType<LeftSpool>()] : [];

    public void Delete() => File.Delete(Path);

    /// <summary>Null for a file whose name is not that of a spool: not ours to touch.</summary>
    private static LeftSpool? Read(string path)
    {
        var name = System.IO.Path.GetFileNameWithoutExtension(path).Split('-');
        if (name.Length != 2 || !Guid.TryParseExact(name[0], "N", out var run)) { return null; }
        if (!int.TryParse(name[1], NumberStyles.None, CultureInfo.InvariantCulture, out var attempt)) { return null; }

        var events = new List<TrainerEvent>();
        var torn = 0;
        foreach (var line in File.ReadLines(path).Where(line => line.Length > 0))
        {
            // The process may have died in the middle of the last line.
            try { events.Add(JsonSerializer.Deserialize<TrainerEvent>(line, ContractJson.Options)!); }
            catch (JsonException) { torn++; }
        }

        return new LeftSpool(path, run, attempt, events, torn);
    }
}
