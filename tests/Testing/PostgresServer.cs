using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Testing;

/// <summary>
/// A private PostgreSQL cluster in a temporary folder, on a free loopback port: started once in a test program, gone with it. Losing
/// its data is fine, so it never flushes, unless it is asked to for measurements.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Binaries = "/usr/lib/postgresql";
    private const string Superuser = "gnn";

    private readonly string folder;
    private readonly string binaries;
    private readonly bool isDurable;
    private readonly Process watchdog;
    private int databases;

    private PostgresServer(string folder, string binaries, int port, bool isDurable, Process watchdog)
    {
        (this.folder, this.binaries, Port, this.isDurable, this.watchdog) = (folder, binaries, port, isDurable, watchdog);
    }

    public int Port { get; }

    public static async Task<PostgresServer> Start(bool isDurable = false)
    {
        var binaries = FindBinaries();
        var folder = Directory.CreateTempSubdirectory("gnn-postgres-").FullName;
        if (IsRoot) { Run("chown", ["postgres", folder]); }
        var cluster = Cluster(folder);
        Run($"{binaries}/initdb", ["-D", cluster, "-U", Superuser, "-A", "trust", "-E", "UTF8", "--locale=C", "-N"], asPostgres: true);
        for (var attempt = 1; ; attempt++)
        {
            var port = FreePort();
            try
            {
                Listen(binaries, folder, port, isDurable);
                return new PostgresServer(folder, binaries, port, isDurable, StartWatchdog(binaries, cluster, folder));
            }
            catch (InvalidOperationException) when (attempt < 5)
            {
                // Somebody else took the port between asking and listening.
                await Task.Delay(100);
            }
        }
    }

    /// <summary>A connection string to a fresh, empty database.</summary>
    public string NewDatabase()
    {
        var name = $"test{Interlocked.Increment(ref databases)}";
        Run($"{binaries}/createdb", ["-h", "127.0.0.1", "-p", $"{Port}", "-U", Superuser, name]);
        return $"Host=127.0.0.1;Port={Port};Username={Superuser};Database={name};Include Error Detail=true";
    }

    /// <summary>An outage: every connection breaks, new ones are refused. The data stays.</summary>
    public void GoAway() => Run($"{binaries}/pg_ctl", ["-D", Cluster(folder), "-m", "fast", "-w", "-t", "30", "stop"], asPostgres: true);

    /// <summary>The end of the outage, on the same port.</summary>
    public void ComeBack() => Listen(binaries, folder, Port, isDurable);

    public async ValueTask DisposeAsync()
    {
        // The end of its input is the watchdog's sign; it stops the server and removes the folder.
        watchdog.StandardInput.Close();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        await watchdog.WaitForExitAsync(limit.Token);
        watchdog.Dispose();
        if (Directory.Exists(folder)) { throw new InvalidOperationException($"The test server in {folder} did not go away"); }
    }

    // Waits on a pipe that the system closes however this process ends, killed too: no orphaned server. In a session of its own, so
    // that a Ctrl+C meant for the tests does not take it before its work is done.
    private static Process StartWatchdog(string binaries, string cluster, string folder)
    {
        const string script = "cat > /dev/null; \"$1/pg_ctl\" -D \"$2\" -m immediate -w -t 20 stop > /dev/null 2>&1; rm -rf \"$3\"";
        var (program, arguments) = AsPostgres("setsid", ["sh", "-c", script, "sh", binaries, cluster, folder]);
        return Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, WorkingDirectory = "/" })!;
    }

    private static string Cluster(string folder) => Path.Combine(folder, "data");

    private static void Listen(string binaries, string folder, int port, bool isDurable) =>
        Run($"{binaries}/pg_ctl", ["-D", Cluster(folder), "-w", "-t", "60", "-l", Path.Combine(folder, "log"), "-o",
            $"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200{(isDurable ? "" : " -c fsync=off -c synchronous_commit=off -c full_page_writes=off")}",
            "start"], asPostgres: true);

    private static string FindBinaries() =>
        (Directory.Exists(Binaries) ? Directory.GetDirectories(Binaries) : [])
            .OrderByDescending(version => int.TryParse(Path.GetFileName(version), out var number) ? number : 0)
            .Select(version => Path.Combine(version, "bin"))
            .FirstOrDefault(bin => File.Exists(Path.Combine(bin, "initdb")))
        ?? throw new InvalidOperationException(
            $"No PostgreSQL server found: needed {Binaries}/VERSION/bin/initdb. Install the package \"postgresql\" (Debian, Ubuntu), or run ./test, which does.");

    private static bool IsRoot => Environment.UserName == "root";

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    // The server refuses to run as root.
    private static (string Program, string[] Arguments) AsPostgres(string program, string[] arguments) =>
        IsRoot ? ("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", "--", program, .. arguments]) : (program, arguments);

    private static void Run(string program, string[] arguments, bool asPostgres = false)
    {
        var (command, all) = asPostgres ? AsPostgres(program, arguments) : (program, arguments);
        // Output to a file that the server inherits would keep a pipe open for ever: pg_ctl start gets none.
        var start = new ProcessStartInfo("sh", ["-c", "exec \"$@\" > \"$0\" 2>&1 < /dev/null", OutputFile(out var output), command, .. all]) { WorkingDirectory = "/" };
        using var process = Process.Start(start)!;
        process.WaitForExit();
        var text = File.ReadAllText(output);
        File.Delete(output);
        if (process.ExitCode != 0) { throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {text}"); }
    }

    private static string OutputFile(out string path) => path = Path.GetTempFileName();
}
