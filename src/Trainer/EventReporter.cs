using System.Text.Json;
using Contracts;

namespace Trainer;

/// <summary>Writes events as JSON lines, each whole and flushed, from any thread.</summary>
internal sealed class EventReporter(Stream output)
{
    private readonly Lock _gate = new();

    public void Report(TrainerEvent reported)
    {
        var line = JsonSerializer.SerializeToUtf8Bytes(reported with { At = TimeProvider.System.GetUtcNow() }, ContractJson.Options);
        lock (_gate)
        {
            output.Write([.. line, (byte)'\n']);
            output.Flush();
        }
    }

    public void Log(string level, string message) => Report(new LogEvent { Level = level, Message = message });
}
