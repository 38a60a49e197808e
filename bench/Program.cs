using System.Diagnostics;
using System.Globalization;
using Bench;

var threads = int.Parse(Option("--threads") ?? "2");
switch (args)
{
    case ["peers", ..]:
        return (Option("--rows")?.Split(',') ?? PeerRows.Names).All(row => RunApart("peer", row, threads)) ? 0 : 1;
    case ["scaling", ..]:
        return (Option("--rows")?.Split(',') ?? Scaling.Names).All(row => RunApart("scale", row, threads)) ? 0 : 1;
    case ["service", ..]:
        return await ServiceRows.Run(Option("--rows"));
    case ["memory", ..]:
        return (Option("--rows")?.Split(',') ?? MemoryRows.Names).All(row => RunApart("kept", row, threads)) ? 0 : 1;
    case ["meters", ..]:
        Meters.Print(threads, int.Parse(Option("--pairs") ?? "1200"));
        return 0;
    case ["fidelity", ..]:
        Fidelity.Print(
            int.Parse(Option("--layers") ?? "448"),
            double.Parse(Option("--dropout") ?? "0.1", CultureInfo.InvariantCulture),
            Option("--anchors") is { } every ? int.Parse(every) : null);
        return 0;
    case ["machine", ..]:
        Machine.Print(threads);
        return 0;
    case ["estimate", ..]:
        Estimates.Print(int.Parse(Option("--seed") ?? "1"), int.Parse(Option("--count") ?? "40"), args.Contains("--json"));
        return 0;
    case ["peer", var row, ..]:
        Console.WriteLine(PeerRows.Run(row, threads).ToJson());
        return 0;
    case ["kept", var row, ..]:
        Console.WriteLine(MemoryRows.Run(row, threads));
        return 0;
    case ["scale", var row, ..]:
        Scaling.Print(row, threads);
        return 0;
    default:
        Console.Error.WriteLine("usage: bench peers|memory|meters|fidelity|scaling|machine|estimate|service [--rows a,b] [--threads 2] [--json]; README.md says what each row is");
        return 2;
}

string? Option(string name) => Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;

// A process for each row: its peak memory is that row's alone.
static bool RunApart(string kind, string row, int threads)
{
    using var process = Process.Start(Environment.ProcessPath!, [kind, row, "--threads", $"{threads}"]);
    process.WaitForExit();
    return process.ExitCode == 0;
}
