using System.Diagnostics;
using System.Globalization;
using Faults;
using Testing;

// Faults on purpose: real Postgres, real processes, real training. Prints one table row a fault; the exit code is 0 when all ended well.
//   dotnet run -c Release --project tests/Faults [-- --quick] [--only TEXT[;TEXT]] [--list] [--seed N]
var quick = args.Contains("--quick");
var only = Value("--only")?.Split(';');
var seed = int.Parse(Value("--seed") ?? Environment.ProcessId.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
var faults = AllFaults.List.Where(fault => (!quick || fault.IsQuick) && (only is null || only.Any(word => fault.Name.Contains(word, StringComparison.OrdinalIgnoreCase)))).ToList();
if (args.Contains("--list"))
{
    foreach (var fault in faults) { Console.WriteLine(fault.Name); }
    return 0;
}

// What the programs under test inherit: one thread, so that two trainings side by side give the figures of one alone.
Environment.SetEnvironmentVariable("GNN_THREADS", "1");
Environment.SetEnvironmentVariable("OMP_WAIT_POLICY", "passive");
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, press) => { press.Cancel = true; stop.Cancel(); };

Console.WriteLine($"seed {seed}");
Console.WriteLine("| fault | seen | s | verdict |");
Console.WriteLine("| --- | --- | ---: | --- |");
await using var postgres = await PostgresServer.Start();
var random = new Random(seed);
var failed = 0;
foreach (var fault in faults)
{
    var clock = Stopwatch.StartNew();
    var (seen, verdict, log) = await Try(fault);
    Console.WriteLine($"| {fault.Name} | {seen} | {clock.Elapsed.TotalSeconds:F1} | {verdict} |");
    if (log is null) { continue; }
    failed++;
    Console.Error.WriteLine(log);
}

Console.WriteLine($"{faults.Count - failed} of {faults.Count} faults ended as they should");
return failed == 0 && faults.Count > 0 ? 0 : 1;

async Task<(string Seen, string Verdict, string? Log)> Try(Fault fault)
{
    await using var site = new Site(postgres, random, stop.Token);
    try { return (await fault.Inflict(site), "ok", null); }
    catch (Exception failure) when (!stop.IsCancellationRequested)
    {
        var message = failure is FaultException ? failure.Message : failure.ToString();
        return (message.Split('\n')[0].Replace('|', '/'), "**FAILED**", $"{fault.Name}: {message}\n{site.Logs()}");
    }
}

string? Value(string option) => Array.IndexOf(args, option) is var i and >= 0 && i + 1 < args.Length ? args[i + 1] : null;
