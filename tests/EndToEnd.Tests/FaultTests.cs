using System.Diagnostics;
using Testing;

namespace EndToEnd.Tests;

/// <summary>The faults of <c>tests/Faults</c> that take seconds and wait for nothing but states: real Postgres, processes and training. The others are run by hand.</summary>
public sealed class FaultTests
{
    private const int Interrupt = 2;

    private static readonly string[] Faults =
        ["kill -9 of the Trainer", "kill -9 of the worker, started again", "SIGSTOP of the worker, its lease over", "registered checkpoint damaged"];

    [Fact]
    public async Task Disturbed_runs_end_with_every_epoch_once_and_the_weights_of_an_undisturbed_one()
    {
        var program = Path.Combine(TestFolders.Repository, "artifacts/bin/Faults/release/Faults");
        using var process = Process.Start(new ProcessStartInfo(program, ["--only", string.Join(';', Faults)]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (said, failed) = (process.StandardOutput.ReadToEndAsync(Service.Token), process.StandardError.ReadToEndAsync(Service.Token));
        try { await process.WaitForExitAsync(Service.Token); }
        finally { if (!process.HasExited) { LinuxProcess.Signal(process.Id, Interrupt); } } // it stops what it has started
        Assert.True(process.ExitCode == 0, $"{await said}\n{await failed}");
        Assert.Contains($"{Faults.Length} of {Faults.Length} faults ended as they should", await said, StringComparison.Ordinal);
    }
}
