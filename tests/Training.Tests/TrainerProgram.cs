using System.Diagnostics;
using System.Text.Json;
using Contracts;
using Testing;

namespace Training.Tests;

/// <summary>The real Trainer program, as a shell or a supervisor starts it.</summary>
internal sealed class TrainerProgram : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private readonly Process _process;

    private TrainerProgram(Process process) => _process = process;

    public int Id => _process.Id;

    public static TrainerProgram Start(params string[] arguments) => StartWithData(TestFolders.Data, arguments);

    public static TrainerProgram StartWithData(string dataFolder, params string[] arguments)
    {
        var program = Path.Combine(TestFolders.Repository, "artifacts", "bin", "Trainer", "release", "trainer.dll");
        var start = new ProcessStartInfo("dotnet", [program, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["GNN_DATA"] = dataFolder;
        return new(Process.Start(start)!);
    }

    /// <summary>Runs one spec to its end, with nothing more on standard input.</summary>
    public static (int Exit, IReadOnlyList<TrainerEvent> Events) Run(string spec, params string[] arguments)
    {
        using var trainer = Start(arguments);
        trainer.Send(spec);
        trainer.CloseInput();
        return trainer.ReadToEnd();
    }

    public static (int Exit, IReadOnlyList<TrainerEvent> Events) Run(RunSpec spec, params string[] arguments) =>
        Run(JsonSerializer.Serialize(spec, ContractJson.Options), arguments);

    public void Send(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    public void CloseInput() => _process.StandardInput.Close();

    public void Kill() => _process.Kill();

    public void Signal(string name)
    {
        // The shell's own kill: the program of that name is missing from small installations.
        using var kill = Process.Start("bash", ["-c", $"kill -{name} {_process.Id}"]);
        kill.WaitForExit();
    }

    public TrainerEvent? Read() =>
        _process.StandardOutput.ReadLine() is { } line ? JsonSerializer.Deserialize<TrainerEvent>(line, ContractJson.Options) : null;

    public T ReadUntil<T>(Func<T, bool> wanted) where T : TrainerEvent
    {
        while (Read() is { } read)
        {
            if (read is T found && wanted(found)) { return found; }
        }

        throw new InvalidOperationException($"the trainer ended before the {typeof(T).Name} waited for");
    }

    public (int Exit, IReadOnlyList<TrainerEvent> Events) ReadToEnd()
    {
        var events = new List<TrainerEvent>();
        while (Read() is { } read) { events.Add(read); }
        Assert.True(_process.WaitForExit(Patience), "the trainer did not end");
        return (_process.ExitCode, events);
    }

    public void Dispose()
    {
        if (!_process.HasExited) { _process.Kill(); }
        _process.Dispose();
    }
}
