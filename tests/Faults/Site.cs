using System.Net.Http.Json;
using System.Text;
using Contracts;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Runs;
using Testing;

namespace Faults;

/// <summary>A service of its own for one fault: a fresh database, a data folder that all its processes share, and the processes.</summary>
internal sealed class Site(PostgresServer postgres, Random random, CancellationToken stop) : IAsyncDisposable
{
    private readonly TemporaryFolder folder = TestFolders.NewTemporary();
    private readonly string database = postgres.NewDatabase();
    private readonly List<ServiceProcess> processes = [];
    private IHost? host;
    private HttpClient? http;
    private bool isOver;

    public PostgresServer Postgres => postgres;
    public string Database => database;
    public string DataFolder { get; set; } = "";
    public Random Random => random;
    public CancellationToken Stop => stop;
    public HttpClient Http => http ?? throw new InvalidOperationException("no API was started");

    /// <summary>The store as this program itself sees it.</summary>
    public async Task<IHost> Host()
    {
        if (host is not null) { return host; }
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration["Gnn:DataFolder"] = Folder();
        builder.Configuration["ConnectionStrings:Runs"] = database;
        builder.AddRuns();
        host = builder.Build();
        await host.StartAsync(stop);
        return host;
    }

    public async Task<T> Get<T>() where T : notnull => (await Host()).Services.GetRequiredService<T>();

    public ServiceProcess StartWorker(string name, int slots = 1, params (string Key, string Value)[] environment) =>
        Start(name, ServiceProcess.ProgramOf("Worker"), [("Worker__Name", name), ("Worker__Slots", $"{slots}"), .. environment]);

    /// <summary>A worker whose runs are scripts for the fake Trainer.</summary>
    public ServiceProcess StartFakeWorker(string name, int slots = 1) =>
        StartWorker(name, slots, ("Worker__Trainer", ServiceProcess.ProgramOf("FakeTrainer", "fake-trainer")));

    public async Task<ServiceProcess> StartApi()
    {
        var api = Start("api", ServiceProcess.ProgramOf("Api"), [("Gnn__Keys", "off"), ("Gnn__RequestsPerSecond", "100000")]);
        http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{api.Port}") };
        await IsReady(api);
        return api;
    }

    public ServiceProcess StartStandalone()
    {
        var service = Start("standalone", ServiceProcess.ProgramOf("Standalone", "gnnservice"), [("ConnectionStrings__Runs", "")]);
        http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{service.Port}") };
        return service;
    }

    public async Task IsReady(ServiceProcess process)
    {
        using var client = new HttpClient();
        await Eventually(async () =>
        {
            try { return (await client.GetAsync($"http://127.0.0.1:{process.Port}/health/ready", stop)).IsSuccessStatusCode; }
            catch (HttpRequestException) { return false; }
        }, $"{process.Name} to be ready", 180);
    }

    public async Task<Guid> Queue(RunSpec spec) => (await (await Get<RunQueue>()).Create(spec, stop)).Id;

    public async Task<RunDetail> Post(RunSpec spec)
    {
        var answer = await Http.PostAsJsonAsync("/api/v1/runs", spec, ContractJson.Options, stop);
        Require.That(answer.IsSuccessStatusCode, $"POST answered {(int)answer.StatusCode}");
        return (await answer.Content.ReadFromJsonAsync<RunDetail>(ContractJson.Options, stop))!;
    }

    public async Task<RunDetail> Detail(Guid id) => (await Http.GetFromJsonAsync<RunDetail>($"/api/v1/runs/{id}", ContractJson.Options, stop))!;

    public async Task<RunHistory> History(Guid id) => (await Http.GetFromJsonAsync<RunHistory>($"/api/v1/runs/{id}/metrics", ContractJson.Options, stop))!;

    public async Task<Run> Read(Guid id)
    {
        await using var db = (await Get<RunStore>()).Open();
        return await db.Runs.AsNoTracking().SingleAsync(run => run.Id == id, stop);
    }

    public async Task<List<EventRow>> Events(Guid id)
    {
        await using var db = (await Get<RunStore>()).Open();
        return await db.Events.AsNoTracking().Where(row => row.RunId == id).OrderBy(row => row.Seq).ToListAsync(stop);
    }

    public async Task<List<EpochRow>> Epochs(Guid id)
    {
        await using var db = (await Get<RunStore>()).Open();
        return await db.Epochs.AsNoTracking().Where(row => row.RunId == id).OrderBy(row => row.Seq).ToListAsync(stop);
    }

    public async Task<Run> RunThat(Guid id, Predicate<Run> holds, string what, int seconds = 120)
    {
        Run? run = null;
        try { await Eventually(async () => holds(run = await Read(id)), what, seconds); }
        catch (FaultException late)
        {
            var told = string.Join('\n', (await Events(id)).TakeLast(12).Select(e => $"  {e.At:HH:mm:ss.f} {e.Attempt} {e.Kind}: {e.Message}"));
            throw new FaultException($"{late.Message}; it is {run!.Status} at epoch {run.Epoch}, attempt {run.Attempt}\n{told}");
        }
        return run!;
    }

    public Task<Run> Ended(Guid id, int seconds = 240) => RunThat(id, run => RunTransitions.IsFinal(run.Status), "run to end", seconds);

    public Task<Run> Reached(Guid id, int epoch) => RunThat(id, run => run.Epoch >= epoch, $"run to reach epoch {epoch}");

    public async Task Eventually(Func<Task<bool>> holds, string what, int seconds)
    {
        for (var clock = System.Diagnostics.Stopwatch.StartNew(); ; await Task.Delay(25, stop))
        {
            try { if (await holds()) { return; } }
            catch (Exception away) when (away is Npgsql.NpgsqlException or InvalidOperationException { InnerException: Npgsql.NpgsqlException }) { } // the outage may be on purpose
            Require.That(clock.Elapsed.TotalSeconds < seconds, $"waited {seconds} s for {what}");
        }
    }

    public string Logs()
    {
        var text = new StringBuilder();
        foreach (var process in processes)
        {
            var output = process.Output;
            text.AppendLine($"--- {process.Name}").AppendLine(output.Length > 6_000 ? output[^6_000..] : output);
        }
        return text.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        if (isOver) { return; }
        isOver = true;
        foreach (var process in processes) { await process.DisposeAsync(); }
        http?.Dispose();
        if (host is not null) { await host.StopAsync(CancellationToken.None); }
        host?.Dispose();
        folder.Dispose();
    }

    public string Folder() => DataFolder.Length > 0 ? DataFolder : folder.Path;

    private ServiceProcess Start(string name, string program, (string Key, string Value)[] environment)
    {
        var settings = new Dictionary<string, string?> { ["ConnectionStrings__Runs"] = database, ["Gnn__DataFolder"] = Folder() };
        foreach (var (key, value) in environment) { settings[key] = value; }
        var process = new ServiceProcess(name, program, [], settings);
        processes.Add(process);
        return process;
    }
}
