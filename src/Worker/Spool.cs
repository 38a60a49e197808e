using System.Text.Json;
using Contracts;

namespace Worker;

/// <summary>
/// The events of one attempt in a file on the worker's own disk, one JSON object a line, written before anything else is done with
/// them. The file is deleted once the attempt's end is stored; one that is found at the start of a worker belongs to a process that died.
/// </summary>
/// <remarks>Each line is handed to the operating system at once: it survives the death of this process, not a loss of power.</remarks>
internal sealed class Spool : IDisposable
{
    private const string Extension = ".jsonl";

    private readonly FileStream file;

    private Spool(FileStream file) => this.file = file;

    public static string Folder(string dataFolder) => Path.Combine(dataFolder, "spool");

    public static Spool Open(string dataFolder, Guid run, int attempt)
    {
        Directory.CreateDirectory(Folder(dataFolder));
        var path = Path.Combine(Folder(dataFolder), $"{run:N}-{attempt}{Extension}");
        return new Spool(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0));
    }

    /// <exception cref="IOException">The disk is full or gone.</exception>
    public void Append(TrainerEvent happened)
    {
        var line = JsonSerializer.SerializeToUtf8Bytes(happened, ContractJson.Options);
        file.Write([.. line, (byte)'\n']);
    }

    /// <summary>Everything is stored elsewhere: the copy has done its work.</summary>
    public void Delete()
    {
        file.Dispose();
        File.Delete(file.Name);
    }

    public void Dispose() => file.Dispose();

    /// <summary>What earlier processes left behind.</summary>
    public static IReadOnlyList<LeftSpool> Left(string dataFolder)
    {
        if (!Directory.Exists(Folder(dataFolder))) { return []; }
        return [.. Directory.GetFiles(Folder(dataFolder), "*" + Extension).Order().Select(LeftSpool.Read).OfType<LeftSpool>()];
    }
}
