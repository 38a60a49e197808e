using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Browser.Tests;

/// <summary>A built host, started as users start it, on a free port.</summary>
public sealed partial class HostProcess : IDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();

    private HostProcess(Process process) => _process = process;

    public string Url { get; private set; } = "";

    public string Log => string.Join('\n', _lines);

    /// <param name="program">Project and assembly, for example "Web/Web.dll".</param>
    /// <param name="environment">Variables it gets besides ours.</param>
    /// <param name="arguments">Its command line, after the address.</param>
    public static async Task<HostProcess> Start(string program, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        // artifacts/bin/Browser.Tests/release/ and artifacts/bin/<project>/release/ are neighbours.
        var configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        var parts = program.Split('/');
        var assembly = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", parts[0], configuration, parts[1]));
        var start = new ProcessStartInfo("dotnet", [assembly, "--urls", "http://127.0.0.1:0", .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var (name, value) in environment) { start.Environment[name] = value; }

        var host = new HostProcess(Process.Start(start)!);
        host._process.OutputDataReceived += (_, line) => host.Take(line.Data);
        host._process.ErrorDataReceived += (_, line) => host.Take(line.Data);
        host._process.BeginOutputReadLine();
        host._process.BeginErrorReadLine();
        for (var end = DateTime.UtcNow.AddSeconds(30); host.Url.Length == 0;)
        {
            if (host._process.HasExited || DateTime.UtcNow > end) { Assert.Fail($"{program} did not start to listen:\n{host.Log}"); }
            await Task.Delay(30);
        }

        return host;
    }

    public void Dispose()
    {
        if (!_process.HasExited) { _process.Kill(entireProcessTree: true); }
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Take(string? line)
    {
        if (line is null) { return; }
        _lines.Enqueue(line);
        if (Url.Length == 0 && Listening().Match(line) is { Success: true } found) { Url = found.Groups[1].Value; }
    }

    [GeneratedRegex(@"(?:listening on:|GnnService is at) (http://127\.0\.0\.1:\d+)")]
    private static partial Regex Listening();
}
