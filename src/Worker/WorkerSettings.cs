using System.Globalization;
using Runs;

namespace Worker;

/// <summary>What a worker process is and may use.</summary>
public sealed record WorkerSettings
{
    /// <summary>Setting <c>Worker:Name</c>, default the machine's name. A run belongs to a name; no two living workers may share one.</summary>
    public required string Name { get; init; }

    /// <summary>Setting <c>Worker:Slots</c>: how many runs train at once.</summary>
    public int Slots { get; init; } = 1;

    /// <summary>
    /// Setting <c>Worker:MemoryMiB</c>: what all its runs together may take; absent, the memory of the machine or of its control group. On a
    /// GPU host it is the device's memory, which is not looked up.
    /// </summary>
    public long MemoryBytes { get; init; } = HostMemory.Total();

    /// <summary>Setting <c>Worker:MemoryMargin</c>: share of that memory left to the system and to the error of estimates, default 0.1.</summary>
    public double MemoryMargin { get; init; } = 0.1;

    /// <summary>Setting <c>Worker:TrainerMemoryMiB</c>: the most that the private memory of one Trainer may grow to (RLIMIT_DATA); absent: no limit.</summary>
    public long? TrainerMemoryBytes { get; init; }

    /// <summary>The largest estimate of a run that this worker claims.</summary>
    public long RunMemoryBytes => Math.Min((long)(MemoryBytes * (1 - MemoryMargin)) / Slots, TrainerMemoryBytes ?? long.MaxValue);

    /// <summary>Setting <c>Worker:Trainer</c>: the program that trains. Null when it was not set and none was found.</summary>
    public string? Trainer { get; init; }

    /// <summary>Setting <c>Gnn:DataFolder</c>: the spool and the lock of this worker's name.</summary>
    public required string DataFolder { get; init; }

    /// <summary>Setting <c>GNN_DATA</c>: folders with data sets, separated by colons, for the Trainer.</summary>
    public string? DataFolders { get; init; }

    /// <summary>How long a cancelled Trainer may take to leave before it is killed.</summary>
    public TimeSpan CancelGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a Trainer may take to write its checkpoint when the worker leaves.</summary>
    public TimeSpan LeaveGrace { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>How long a leaving worker tries to store; longer than <see cref="LeaveGrace"/>, and what is not stored then stays in the spool.</summary>
    public TimeSpan StoreGrace { get; init; } = TimeSpan.FromSeconds(50);

    /// <summary>How often the lease of a run is renewed; an answer that takes as long is none.</summary>
    public TimeSpan RenewEvery { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a worker that cannot reach the store goes on before it stops its Trainer; one that may be away for it alone.</summary>
    public TimeSpan StopAfterSilence { get; init; } = RunQueue.LateAfter;

    /// <summary>When such a Trainer is killed: less than a lease, so that it is gone before another attempt can begin.</summary>
    public TimeSpan KillAfterSilence { get; init; } = RunQueue.Lease - TimeSpan.FromSeconds(3);

    /// <exception cref="InvalidOperationException">A setting has a value that cannot be used.</exception>
    public static WorkerSettings From(IConfiguration configuration, string dataFolder)
    {
        var name = configuration["Worker:Name"] is { Length: > 0 } given ? given : Environment.MachineName;
        if (name.Length > 100 || name.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter is not ('-' or '_' or '.')))
        {
            throw new InvalidOperationException($"Setting Worker:Name: found \"{name}\", needed at most 100 letters, digits, '-', '_' or '.'");
        }

        var slots = configuration["Worker:Slots"];
        if (!int.TryParse(string.IsNullOrEmpty(slots) ? "1" : slots, out var count) || count is < 1 or > 64)
        {
            throw new InvalidOperationException($"Setting Worker:Slots: found \"{slots}\", needed a whole number from 1 to 64");
        }

        var margin = configuration["Worker:MemoryMargin"];
        if (!double.TryParse(string.IsNullOrEmpty(margin) ? "0.1" : margin, NumberStyles.Float, CultureInfo.InvariantCulture, out var share) || share is not (>= 0 and < 1))
        {
            throw new InvalidOperationException($"Setting Worker:MemoryMargin: found \"{margin}\", needed a number from 0 to below 1");
        }

        return new WorkerSettings
        {
            Name = name,
            Slots = count,
            MemoryBytes = Mebibytes(configuration, "Worker:MemoryMiB") ?? HostMemory.Total(),
            MemoryMargin = share,
            TrainerMemoryBytes = Mebibytes(configuration, "Worker:TrainerMemoryMiB"),
            Trainer = configuration["Worker:Trainer"] is { Length: > 0 } program ? Path.GetFullPath(program) : TrainerProgram.Find(AppContext.BaseDirectory),
            DataFolder = dataFolder,
            DataFolders = configuration["GNN_DATA"],
        };
    }

    private static long? Mebibytes(IConfiguration configuration, string setting)
    {
        if (configuration[setting] is not { Length: > 0 } text) { return null; }
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var mebibytes) && mebibytes is >= 64 and <= 1L << 30
            ? mebibytes << 20
            : throw new InvalidOperationException($"Setting {setting}: found \"{text}\", needed a whole number from 64 to {1L << 30}");
    }
}
