using System.Diagnostics;
using Bench;

const int threads = 2;
switch (args)
{
    case ["peers", ..]:
        foreach (var row in Option("--rows")?.Split(',') ?? PeerRows.Names) { if (!RunApart("peer", row)) { return 1; } }
        return 0;
    case ["peer", var row, ..]:
        Console.WriteLine(PeerRows.Run(row, int.Parse(Option("--threads") ?? $"{threads}")).ToJson());
        return 0;
    default:
        Console.Error.WriteLine("usage: bench peers [--rows a,b] [--threads 2] [--json]");
        return 2;
}

string? Option(string name) => Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;

// A process for each row: its peak memory is that row's alone.
bool RunApart(string kind, string row)
{
    using var process = Process.Start(Environment.ProcessPath!, [kind, row, "--threads", Option("--threads") ?? $"{threads}"]);
    process.WaitForExit();
    return process.ExitCode == 0;
}
