using System.Text.Json;
using Contracts;

namespace Worker;

/// <summary>
/// The events of one attempt in a file on the worker's own disk, one JSON object a line, written before anything else is done with
/// them. The file is deleted once the attempt's end is stored; one that is found at the start of a worker belongs to a process that died.
/// </summary>
/// <remarks>
/// Each line is handed to the operating system at once, so it survives the death of this process. <see cref="Flush"/> brings it to the
/// disk, where it survives a loss of power; whoever appends does not wait for that.
/// </remarks>
internal sealed class Spool(string folder, Guid run, int attempt) : IDisposable
{
    public const string Extension = ".jsonl";

    private readonly string path = Path.Combine(folder, $"{run:N}-{attempt}{Extension}");
    private FileStream? file;
    private volatile bool unflushed;

    /// <summary>All workers of a data folder; each has a folder of its name in it.</summary>
    public static string Root(string dataFolder) => Path.Combine(dataFolder, "spool");

    public static string Folder(string dataFolder, string worker) => Path.Combine(Root(dataFolder), worker);

    /// <exception cref="IOException">The disk is full or gone.</exception>
    public void Append(TrainerEvent happened)
    {
        if (file is null)
        {
            Directory.CreateDirectory(folder);
            file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        }

        var line = JsonSerializer.SerializeToUtf8Bytes(happened, ContractJson.Options);
        file.Write([.. line, (byte)'\n']);
        unflushed = true;
    }

    /// <exception cref="IOException">The disk is full or gone.</exception>
    public void Flush()
    {
        if (!unflushed) { return; }
        unflushed = false;
        file?.Flush(flushToDisk: true);
    }

    /// <summary>Everything is stored elsewhere: the copy has done its work.</summary>
    public void Delete()
    {
        file?.Dispose();
        if (file is not null) { File.Delete(path); }
    }

    public void Dispose() => file?.Dispose();
}
