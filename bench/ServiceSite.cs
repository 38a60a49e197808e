using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using Contracts;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Runs;
using Testing;

namespace Bench;

/// <summary>A service of its own: a private Postgres that flushes as a real one does, the programs as processes on loopback, a client.</summary>
internal sealed class ServiceSite : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = TestFolders.NewTemporary();
    private readonly Dictionary<string, Process> _processes = [];
    private readonly PostgresServer _postgres;
    private readonly string _database;
    private readonly IHost _host;

    private ServiceSite(PostgresServer postgres)
    {
        _postgres = postgres;
        _database = postgres.NewDatabase();
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration["Gnn:DataFolder"] = _folder.Path;
        builder.Configuration["ConnectionStrings:Runs"] = _database;
        builder.AddRuns();
        _host = builder.Build();
    }

    public static async Task<ServiceSite> Open()
    {
        var site = new ServiceSite(await PostgresServer.Start(isDurable: true));
        await site._host.StartAsync();
        return site;
    }

    public string Database => _database;
    public RunQueue Queue => _host.Services.GetRequiredService<RunQueue>();
    public RunRecorder Recorder => _host.Services.GetRequiredService<RunRecorder>();
    public HttpClient Http { get; private set; } = null!;

    public static string ProgramOf(string project, string? file = null) => Path.Combine(TestFolders.Repository, "artifacts/bin", project, "release", file ?? project);

    public async Task StartApi() => Http = await Start("Api", ("Gnn__Keys", "off"), ("Gnn__RequestsPerSecond", "100000"));

    public async Task StartWorker(bool isFake, string? trainer = null)
    {
        using var _ = await Start("Worker", ("Worker__Trainer", trainer ?? (isFake ? ProgramOf("FakeTrainer", "fake-trainer") : ProgramOf("Trainer", "trainer"))), ("GNN_DATA", TestFolders.Data));
    }

    /// <summary>A program in the Trainer's place that says what is written into a pipe.</summary>
    public (string Program, string Pipe) Relay()
    {
        var (program, pipe) = (Path.Combine(_folder.Path, "relay.sh"), Path.Combine(_folder.Path, "events"));
        using (var made = Process.Start("mkfifo", [pipe])) { made.WaitForExit(); }
        File.WriteAllText(program, $"#!/bin/sh\nexec cat \"{pipe}\"\n");
        if (!OperatingSystem.IsWindows()) { File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute); }
        return (program, pipe);
    }

    public int ProcessId(string program) => _processes[program].Id;

    public async Task<Guid> Post(RunSpec spec)
    {
        using var answer = await Http.PostAsJsonAsync("/api/v1/runs", spec, ContractJson.Options);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<RunDetail>(ContractJson.Options))!.Id;
    }

    public Task<RunDetail> Detail(Guid run) => Http.GetFromJsonAsync<RunDetail>($"/api/v1/runs/{run}", ContractJson.Options)!;

    public HubConnection Connection() => new HubConnectionBuilder().WithUrl(new Uri(Http.BaseAddress!, RunHub.Path)).AddJsonProtocol(json => ContractJson.Configure(json.PayloadSerializerOptions)).Build();

    /// <summary>Waits for the run's end, and says how it ended if not well.</summary>
    public async Task<RunDetail> Ended(Guid run)
    {
        var since = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(since) < TimeSpan.FromMinutes(3))
        {
            var detail = await Detail(run);
            if (detail.Status == RunStatus.Succeeded) { return detail; }
            if (detail.FinishedAt is not null) { throw new InvalidOperationException($"Run {detail.Name} ended {detail.Status}: {detail.FailureMessage}"); }
            await Task.Delay(100);
        }
        throw new TimeoutException($"Run {run} did not end within three minutes");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes.Values)
        {
            if (!process.HasExited) { process.Kill(entireProcessTree: true); }
            await process.WaitForExitAsync();
            process.Dispose();
        }
        await _host.StopAsync();
        _host.Dispose();
        Http?.Dispose();
        await _postgres.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<HttpClient> Start(string program, params (string Key, string Value)[] environment)
    {
        var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{FreePort()}") };
        var start = new ProcessStartInfo(ProgramOf(program), ["--urls", client.BaseAddress.ToString()]) { RedirectStandardOutput = true };
        foreach (var (key, value) in (IEnumerable<(string, string)>)[("ConnectionStrings__Runs", _database), ("Gnn__DataFolder", _folder.Path), ("Logging__LogLevel__Default", "Warning"), .. environment]) { start.Environment[key] = value; }
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { }; // read, so that it never waits for room
        process.BeginOutputReadLine();
        _processes.Add(program, process);
        var since = Stopwatch.GetTimestamp();
        while (!await IsReady(client))
        {
            if (process.HasExited || Stopwatch.GetElapsedTime(since) > TimeSpan.FromMinutes(2)) { throw new InvalidOperationException($"{program} is not ready; build it first: dotnet build -c Release src/{program}"); }
            await Task.Delay(100);
        }
        return client;
    }

    private static async Task<bool> IsReady(HttpClient client)
    {
        try { return (await client.GetAsync("/health/ready")).IsSuccessStatusCode; }
        catch (HttpRequestException) { return false; }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
