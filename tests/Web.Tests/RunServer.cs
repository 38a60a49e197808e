using System.Collections.Concurrent;
using Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Web.Tests;

/// <summary>
/// A small API over real HTTP and a real hub, whose every answer the test decides: what is stored, what is sent live, when requests
/// fail, and when the whole server goes away and comes back at the same address.
/// </summary>
public sealed class RunServer : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Guid, StoredRun> _runs = new();
    private WebApplication? _app;

    /// <summary>Called between a request for the history and its answer.</summary>
    public Func<Task> BeforeHistory { get; set; } = () => Task.CompletedTask;

    /// <summary>Most items of one history answer.</summary>
    public int HistoryPage { get; set; } = 10_000;

    public bool Refuses { get; set; }

    public string Url { get; private set; } = "http://127.0.0.1:0";

    public List<string> Requests { get; } = [];

    public List<RunSpec> Posted { get; } = [];

    public List<DatasetInfo> Datasets { get; } =
    [
        new() { Name = "cora", Title = "Cora", Task = "node classification", Source = "Planetoid", Available = true, Nodes = 2708, Edges = 5278, Features = 1433, Classes = 7 },
        new() { Name = "roman-empire", Title = "Roman-empire", Task = "node classification", Source = "heterophilous", Available = false, Splits = 10 },
    ];

    public IResult? Answer { get; set; }

    public static async Task<RunServer> Started()
    {
        var server = new RunServer();
        await server.Start();
        return server;
    }

    public async Task Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(this);
        builder.Services.AddSignalR().AddJsonProtocol(json => ContractJson.Configure(json.PayloadSerializerOptions));
        builder.Services.ConfigureHttpJsonOptions(json => ContractJson.Configure(json.SerializerOptions));
        _app = builder.Build();
        _app.Urls.Add(Url);
        _app.MapHub<RunsHub>(RunHub.Path);
        _app.Use(async (context, next) =>
        {
            lock (Requests) { Requests.Add($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}"); }
            if (Refuses && context.Request.Path.StartsWithSegments("/api")) { context.Response.StatusCode = 503; return; }
            await next();
        });
        MapRoutes(_app);
        await _app.StartAsync();
        Url = _app.Urls.Single();
    }

    public async Task Stop()
    {
        if (_app is null) { return; }
        await _app.DisposeAsync();
        _app = null;
    }

    public ValueTask DisposeAsync() => new(Stop());

    public StoredRun Add(Func<RunSummary, RunSummary>? change = null)
    {
        var run = new StoredRun(this, change);
        _runs[run.Id] = run;
        return run;
    }

    internal IHubContext<RunsHub, IRunClient>? Hub => _app?.Services.GetRequiredService<IHubContext<RunsHub, IRunClient>>();

    private void MapRoutes(WebApplication app)
    {
        app.MapGet("/api/v1/runs", (string? status, string? group, int? limit, string? cursor) =>
        {
            var runs = _runs.Values.Select(run => run.Row)
                .Where(run => group is null || run.Group == group)
                .Where(run => status is null || status.Split(',').Contains(Display.Name(run.Status)))
                .OrderByDescending(run => run.CreatedAt).ToList();
            var start = int.Parse(cursor ?? "0", System.Globalization.CultureInfo.InvariantCulture);
            var next = start + (limit ?? 50);
            return new RunPage
            {
                Items = runs.Skip(start).Take(limit ?? 50).ToList(),
                NextCursor = next < runs.Count ? next.ToString(System.Globalization.CultureInfo.InvariantCulture) : null,
            };
        });
        app.MapGet("/api/v1/runs/{id:guid}", (Guid id) => _runs.TryGetValue(id, out var run) ? Results.Json(run.Detail) : Results.NotFound());
        app.MapGet("/api/v1/runs/{id:guid}/metrics", async (Guid id, long after) =>
        {
            var answer = _runs[id].After(after, HistoryPage);
            await BeforeHistory();
            return answer;
        });
        app.MapGet("/api/v1/runs/{id:guid}/layers", (Guid id) => new RunLayers { Epochs = _runs[id].Layers });
        app.MapGet("/api/v1/runs/{id:guid}/memory", (Guid id) => new RunMemory { Epochs = _runs[id].Memory });
        app.MapPost("/api/v1/runs", (RunSpec spec) =>
        {
            Posted.Add(spec);
            return Answer ?? Results.Accepted(value: Add(run => run with { Name = spec.Name }).Detail);
        });
        app.MapPost("/api/v1/runs/{id:guid}/cancel", async (Guid id) =>
        {
            await _runs[id].Become(RunStatus.Cancelled);
            return Results.Accepted(value: _runs[id].Detail);
        });
        app.MapGet("/api/v1/datasets", () => Datasets);
    }

    public sealed class RunsHub : Hub<IRunClient>, IRunHub
    {
        public Task WatchRun(Guid id) => Groups.AddToGroupAsync(Context.ConnectionId, id.ToString());

        public Task WatchRuns() => Groups.AddToGroupAsync(Context.ConnectionId, "runs");
    }
}
