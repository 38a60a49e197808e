using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Contracts;

namespace Worker;

/// <summary>How to start a Trainer: the program, where its checkpoints go, and the one to continue from.</summary>
internal sealed record TrainerCommand(string Program, string Artifacts, string? Resume, string? DataFolders)
{
    /// <summary>The most that its private memory may grow to; null: no limit.</summary>
    public long? MemoryBytes { get; init; }
}

/// <summary>
/// A Trainer as a child process, so that a native crash, an out-of-memory kill or a leak takes down one run and nothing else.
/// The child holds our end of its standard input as proof of life: when this process dies, however it dies, the child reads the end
/// of the input, writes a checkpoint and leaves.
/// </summary>
internal sealed class TrainerProcess : IAsyncDisposable
{
    private const int LastWordsChars = 4_000;

    private static readonly string[] Secrets = ["ConnectionStrings__", "Gnn__AdminKey", "Api__Key", "GNN_KEY"];

    /// <summary>A Trainer that has reported its end has only to unload its libraries.</summary>
    private static readonly TimeSpan LeavingTime = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(0.5);

    private readonly Process process;
    private readonly TimeProvider time;
    private readonly StringBuilder lastWords = new();
    private readonly Task listening;
    private readonly SemaphoreSlim input = new(1);
    private readonly long? killsBefore = HostMemory.KernelKills();
    private long peak;

    private TrainerProcess(Process process, TimeProvider time)
    {
        this.process = process;
        this.time = time;
        Id = process.Id;
        listening = KeepLastWords();
        _ = WatchMemory();
    }

    public int Id { get; }

    /// <summary>The highest resident memory that was seen.</summary>
    public long PeakMemoryBytes => Interlocked.Read(ref peak);

    /// <exception cref="Win32Exception">The program is missing or may not be executed.</exception>
    public static TrainerProcess Start(TrainerCommand command, RunSpec spec, TimeProvider time)
    {
        Directory.CreateDirectory(command.Artifacts);
        var trainer = new TrainerProcess(Process.Start(StartInfo(command))!, time);

        // Not awaited: a child that never reads must not block us; one that dies at once is seen by its exit.
        _ = trainer.Say(JsonSerializer.Serialize(spec, ContractJson.Options));
        return trainer;
    }

    /// <summary>
    /// What the Trainer reports, ending with exactly one of finished, failed or stopped, whatever happens to the process: an end
    /// without a word is explained from the exit code. The process is gone when the last event is handed out.
    /// </summary>
    public async IAsyncEnumerable<TrainerEvent> Events([EnumeratorCancellation] CancellationToken cancellation = default)
    {
        TrainerEvent? last = null;
        await foreach (var happened in new TrainerOutput(process.StandardOutput.BaseStream, time).Events(cancellation))
        {
            if (happened is FinishedEvent or FailedEvent or StoppedEvent)
            {
                last = happened;
                break;
            }

            if (happened is EpochEvent epoch) { Remember(epoch.PeakMemoryBytes); }
            yield return happened;
        }

        await Leave();
        yield return last ?? TrainerDeath.Explain(process.ExitCode, LastWords(), HostMemory.KernelKills() > killsBefore, time.GetUtcNow());
    }

    /// <summary>Asks for a checkpoint and the end.</summary>
    public Task Stop() => Say("stop");

    public void Kill()
    {
        try { process.Kill(entireProcessTree: true); }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception) { } // it has ended by itself meanwhile
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        input.Dispose();
    }

    private static ProcessStartInfo StartInfo(TrainerCommand command)
    {
        var managed = command.Program.EndsWith(".dll", StringComparison.OrdinalIgnoreCase);
        var start = new ProcessStartInfo(command.MemoryBytes is null ? managed ? "dotnet" : command.Program : "/bin/sh")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            StandardErrorEncoding = Encoding.UTF8,
        };
        if (command.MemoryBytes is { } memory)
        {
            // The shell sets the limit on itself and becomes the Trainer. An allocation beyond it fails, and the Trainer can say so.
            foreach (var word in new[] { "-c", "ulimit -d \"$0\" && exec \"$@\"", (memory >> 10).ToString(CultureInfo.InvariantCulture) }) { start.ArgumentList.Add(word); }
            start.ArgumentList.Add(managed ? "dotnet" : command.Program);
        }

        if (managed) { start.ArgumentList.Add(command.Program); }
        foreach (var argument in new[] { "--supervised", "--artifacts", command.Artifacts }) { start.ArgumentList.Add(argument); }
        if (command.Resume is { } checkpoint)
        {
            start.ArgumentList.Add("--resume");
            start.ArgumentList.Add(checkpoint);
        }

        if (command.DataFolders is { } folders) { start.Environment["GNN_DATA"] = folders; }

        // The Trainer talks to nobody but us: no password of the service's belongs into its environment.
        foreach (var secret in start.Environment.Keys.Where(key => Secrets.Any(secret => key.StartsWith(secret, StringComparison.OrdinalIgnoreCase))).ToList())
        {
            start.Environment.Remove(secret);
        }

        return start;
    }

    private async Task Say(string line)
    {
        await input.WaitAsync();
        try
        {
            await process.StandardInput.WriteLineAsync(line);
            await process.StandardInput.FlushAsync();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The process has ended; Events says how.
        }
        finally
        {
            input.Release();
        }
    }

    // A process that the kernel kills cannot tell how large it was: somebody has to look now and then.
    private async Task WatchMemory()
    {
        while (HostMemory.Peak(Id) is { } bytes)
        {
            Remember(bytes);
            await Task.Delay(LookEvery, time);
        }
    }

    private void Remember(long bytes)
    {
        for (var before = PeakMemoryBytes; bytes > before; before = PeakMemoryBytes)
        {
            if (Interlocked.CompareExchange(ref peak, bytes, before) == before) { return; }
        }
    }

    private async Task Leave()
    {
        using var patience = new CancellationTokenSource(LeavingTime);
        try { await process.WaitForExitAsync(patience.Token); }
        catch (OperationCanceledException) { Kill(); }
        await process.WaitForExitAsync();

        // A grandchild may hold the error stream open; the last words are worth a moment, not more.
        await Task.WhenAny(listening, Task.Delay(TimeSpan.FromSeconds(1)));
    }

    private async Task KeepLastWords()
    {
        var buffer = new char[4_096];
        try
        {
            while (await process.StandardError.ReadAsync(buffer) is var count and > 0)
            {
                lock (lastWords)
                {
                    lastWords.Append(buffer, 0, count);
                    if (lastWords.Length > LastWordsChars) { lastWords.Remove(0, lastWords.Length - LastWordsChars); }
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException) { } // the process is being disposed of
    }

    private string LastWords()
    {
        lock (lastWords) { return lastWords.Replace('\0', ' ').ToString().Trim(); }
    }
}
