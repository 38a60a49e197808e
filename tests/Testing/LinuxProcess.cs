using System.Globalization;
using System.Runtime.InteropServices;

namespace Testing;

/// <summary>What the operating system knows about a process, and signals to it.</summary>
public static partial class LinuxProcess
{
    public const int Terminate = 15;
    public const int Kill = 9;
    public const int Stop = 19;
    public const int Continue = 18;

    public static IReadOnlyList<int> ChildrenOf(int parent) =>
        [.. Directory.GetDirectories("/proc").Select(Path.GetFileName)
            .Where(name => name!.All(char.IsAsciiDigit))
            .Select(name => int.Parse(name!, CultureInfo.InvariantCulture))
            .Where(process => ParentOf(process) == parent)];

    public static bool IsAlive(int process) => State(process) is not (null or "Z");

    public static long ResidentBytes(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    public static void Signal(int process, int signal) =>
        Xunit.Assert.Equal(0, Send(process, signal));

    /// <summary>False when the process has ended meanwhile.</summary>
    public static bool TrySignal(int process, int signal) => Send(process, signal) == 0;

    private static int? ParentOf(int process) => Fields(process) is { } fields ? int.Parse(fields[1], CultureInfo.InvariantCulture) : null;

    private static string? State(int process) => Fields(process)?[0];

    /// <summary>The fields of /proc/N/stat after the name, which may hold spaces itself.</summary>
    private static string[]? Fields(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException) { return null; } // it has ended meanwhile
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Send(int process, int signal);
}
