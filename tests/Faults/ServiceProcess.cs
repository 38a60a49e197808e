using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Testing;

namespace Faults;

/// <summary>One of the service's programs as it is started in earnest.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private const int KeptCharacters = 20_000;

    private readonly ProcessStartInfo start;
    private readonly StringBuilder output = new();
    private Process process;

    public ServiceProcess(string name, string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?> environment)
    {
        Name = name;
        Port = FreePort();
        start = new ProcessStartInfo(program, [.. arguments, "--urls", $"http://127.0.0.1:{Port}"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (key, value) in environment) { start.Environment[key] = value; }
        process = Launch();
    }

    public string Name { get; }
    public int Port { get; }
    public int Id => process.Id;
    public bool HasExited => process.HasExited;
    public string Output { get { lock (output) { return output.ToString(); } } }

    public static string ProgramOf(string project, string? file = null) =>
        Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", project, "release", file ?? project));

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public IReadOnlyList<int> Children() => LinuxProcess.ChildrenOf(Id);

    public void Signal(int signal) => LinuxProcess.Signal(Id, signal);

    /// <summary>SIGKILL to this process alone: its children see the end of their pipe.</summary>
    public async Task Kill()
    {
        if (!process.HasExited) { Signal(LinuxProcess.Kill); }
        await process.WaitForExitAsync();
    }

    public async Task<int> Terminate(TimeSpan patience)
    {
        Signal(LinuxProcess.Terminate);
        using var limit = new CancellationTokenSource(patience);
        await process.WaitForExitAsync(limit.Token);
        return process.ExitCode;
    }

    /// <summary>The same program with the same arguments again.</summary>
    public void Restart()
    {
        process.Dispose();
        process = Launch();
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            LinuxProcess.Signal(Id, LinuxProcess.Continue);
            process.Kill(entireProcessTree: true);
        }
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private Process Launch()
    {
        var launched = Process.Start(start)!;
        launched.OutputDataReceived += (_, line) => Keep(line.Data);
        launched.ErrorDataReceived += (_, line) => Keep(line.Data);
        launched.BeginOutputReadLine();
        launched.BeginErrorReadLine();
        return launched;
    }

    private void Keep(string? line)
    {
        if (line is null) { return; }
        lock (output)
        {
            output.AppendLine(line);
            if (output.Length > 2 * KeptCharacters) { output.Remove(0, KeptCharacters); }
        }
    }
}
