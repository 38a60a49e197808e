using System.Runtime.InteropServices;

namespace Trainer;

/// <summary>Whether somebody asked this process to write a checkpoint and leave.</summary>
internal sealed class StopSignal : IDisposable
{
    private readonly bool _supervised;
    private readonly PosixSignalRegistration[] _signals;
    private volatile bool _requested;

    private StopSignal(bool supervised)
    {
        _supervised = supervised;
        _signals = [PosixSignalRegistration.Create(PosixSignal.SIGTERM, Hear), PosixSignalRegistration.Create(PosixSignal.SIGINT, Hear)];
    }

    public bool IsRequested => _requested;

    /// <summary>Listens on a thread of its own: a read from the console cannot be cancelled.</summary>
    public static StopSignal Listen(TextReader commands, bool supervised)
    {
        var signal = new StopSignal(supervised);
        new Thread(() => signal.Read(commands)) { IsBackground = true, Name = "commands" }.Start();
        return signal;
    }

    public void Dispose()
    {
        foreach (var signal in _signals) { signal.Dispose(); }
    }

    private void Read(TextReader commands)
    {
        while (commands.ReadLine() is { } line)
        {
            if (line.Trim() == "stop") { _requested = true; return; }
        }

        // The pipe of a supervisor closes when it dies; nobody else would end this process then.
        if (_supervised) { _requested = true; }
    }

    private void Hear(PosixSignalContext heard)
    {
        heard.Cancel = true;

        // Ctrl+C reaches the supervisor too: it decides, and says `stop`.
        if (!_supervised || heard.Signal == PosixSignal.SIGTERM) { _requested = true; }
    }
}
