using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Contracts;

namespace Worker;

/// <summary>
/// Reads a Trainer's standard output. A native library may print there too, so a line that is no event becomes a warning
/// and never an error; so many of them that they would drown the run's log are counted only.
/// </summary>
internal sealed class TrainerOutput(Stream output, TimeProvider time)
{
    private const int MaxLineBytes = 1 << 20;
    private const int MaxWarnings = 20;
    private const int MaxMessage = 8_000;

    private int malformed;

    public async IAsyncEnumerable<TrainerEvent> Events([EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var line in Lines(cancellation))
        {
            if (Parse(line) is { } happened) { yield return happened; }
        }
    }

    /// <summary>The event of a line; a warning for a malformed one; null for an empty line or one warning too many.</summary>
    private TrainerEvent? Parse(byte[] line)
    {
        if (line.AsSpan().IndexOfAnyExcept(" \t\r\0"u8) < 0) { return null; }
        try
        {
            var found = JsonSerializer.Deserialize<TrainerEvent>(line, ContractJson.Options);
            if (found is not null) { return Storable(found); }
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            // Falls through to the warning: the line is what matters, the parser's opinion of it is not.
        }

        malformed++;
        var shown = Encoding.UTF8.GetString(line.AsSpan(0, Math.Min(line.Length, 200))).Replace('\0', ' ').TrimEnd();
        return malformed switch
        {
            < MaxWarnings => Warning($"The Trainer printed a line that is no event: {shown}"),
            MaxWarnings => Warning($"The Trainer printed {MaxWarnings} lines that are no events; further ones are not reported. The last: {shown}"),
            _ => null,
        };
    }

    private LogEvent Warning(string message) => new() { At = time.GetUtcNow(), Level = "warning", Message = message };

    /// <summary>Postgres stores no NUL in text, and one event must not stop all later ones from being stored.</summary>
    private static TrainerEvent Storable(TrainerEvent happened) => happened switch
    {
        LogEvent log => log with { Level = Text(log.Level), Message = Text(log.Message) },
        FailedEvent failed => failed with { Message = Text(failed.Message) },
        CheckpointEvent checkpoint => checkpoint with { Path = Text(checkpoint.Path), Sha256 = Text(checkpoint.Sha256) },
        StartedEvent started => started with { Dataset = Text(started.Dataset), Metric = Text(started.Metric), Device = Text(started.Device) },
        _ => happened,
    };

    private static string Text(string text)
    {
        var clean = text.Replace('\0', '\uFFFD');
        return clean.Length <= MaxMessage ? clean : string.Concat(clean.AsSpan(0, MaxMessage), " …");
    }

    /// <summary>Lines without their end; of a line longer than a mebibyte only the beginning, so that memory stays bounded.</summary>
    private async IAsyncEnumerable<byte[]> Lines([EnumeratorCancellation] CancellationToken cancellation)
    {
        var reader = PipeReader.Create(output);
        var cutting = false;
        while (true)
        {
            var read = await reader.ReadAsync(cancellation);
            var rest = read.Buffer;
            while (rest.PositionOf((byte)'\n') is { } end)
            {
                if (!cutting) { yield return rest.Slice(0, end).ToArray(); }
                cutting = false;
                rest = rest.Slice(rest.GetPosition(1, end));
            }

            if (cutting || rest.Length > MaxLineBytes)
            {
                if (!cutting) { yield return rest.Slice(0, 200).ToArray(); }
                cutting = true;
                rest = rest.Slice(rest.End);
            }

            if (read.IsCompleted)
            {
                if (rest.Length > 0) { yield return rest.ToArray(); }
                yield break;
            }

            reader.AdvanceTo(rest.Start, rest.End);
        }
    }
}
