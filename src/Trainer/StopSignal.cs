namespace Trainer;

/// <summary>Whether somebody asked this process to write a checkpoint and leave.</summary>
internal sealed class StopSignal
{
    private volatile bool _requested;

    public bool IsRequested => _requested;

    /// <summary>Listens on a thread of its own: a read from the console cannot be cancelled.</summary>
    public static StopSignal Listen(TextReader commands, bool supervised)
    {
        var signal = new StopSignal();
        new Thread(() => signal.Read(commands, supervised)) { IsBackground = true, Name = "commands" }.Start();
        return signal;
    }

    private void Read(TextReader commands, bool supervised)
    {
        while (commands.ReadLine() is { } line)
        {
            if (line.Trim() == "stop") { _requested = true; return; }
        }

        // The pipe of a supervisor closes when it dies; nobody else would end this process then.
        if (supervised) { _requested = true; }
    }
}
