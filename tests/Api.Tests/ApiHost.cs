using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Runs;
using Testing;

namespace Api.Tests;

/// <summary>The API as it is hosted, on Kestrel and a fresh store, with a client and the hands of a worker.</summary>
public sealed class ApiHost : IAsyncDisposable
{
    private readonly TemporaryFolder folder = TestFolders.NewTemporary();
    private readonly WebApplication app;

    private ApiHost(string? database, params (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["Gnn:DataFolder"] = folder.Path, ["ConnectionStrings:Runs"] = database, ["Gnn:Keys"] = "off" });
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)));
        builder.AddApi();
        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(Log);
        builder.Logging.AddFilter<StringLog>("Microsoft.AspNetCore", LogLevel.Trace);
        builder.Logging.AddFilter<StringLog>("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning); // as the API itself sets it: it writes addresses down before anything can be taken out of them
        app = builder.Build();
        app.MapApi();
    }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public HttpClient Http { get; private set; } = null!;
    public RunStore Store => app.Services.GetRequiredService<RunStore>();
    public RunsDb Open() => Store.Open();
    public RunQueue Queue => app.Services.GetRequiredService<RunQueue>();
    public T Get<T>() where T : notnull => app.Services.GetRequiredService<T>();
    public RunRecorder Recorder => app.Services.GetRequiredService<RunRecorder>();

    public static async Task<ApiHost> Start(StoreKind store, PostgresFixture postgres) => await Start(await postgres.NewDatabase(store));

    public static async Task<ApiHost> Start(string? database = null, params (string Key, string Value)[] settings)
    {
        var host = new ApiHost(database, settings);
        await host.app.StartAsync(Token);
        host.Http = new HttpClient { BaseAddress = new Uri(host.app.Urls.First()) };
        return host;
    }

    public StringLog Log { get; } = new();

    public static RunSpec Spec(string name = "a run", string? group = null) => new()
    {
        Name = name, Group = group, Data = new DataSpec { Dataset = "karate" }, Model = new ModelSpec { Layers = 4 }, Training = new TrainingSpec { Epochs = 50 },
    };

    public static EpochEvent Epoch(int epoch) => new() { At = DateTimeOffset.UtcNow, Epoch = epoch, TrainLoss = 1.0 / epoch, ValidMetric = epoch / 1000.0, TestMetric = 0.5, PeakMemoryBytes = 1000, IsBest = true };

    public static FinishedEvent Finished => new() { At = DateTimeOffset.UtcNow, Epochs = 3, BestEpoch = 2, BestValidMetric = 0.7, TestMetric = 0.6 };

    public async Task<RunDetail> Post(RunSpec spec) => await Read<RunDetail>(await PostText(JsonSerializer.Serialize(spec, ContractJson.Options)));

    public Task<HttpResponseMessage> PostText(string body, string mediaType = "application/json", string path = "/api/v1/runs") =>
        Http.PostAsync(path, new StringContent(body, Encoding.UTF8, mediaType), Token);

    public async Task<T> Get<T>(string path) => await Read<T>(await Http.GetAsync(path, Token));

    public static async Task<T> Read<T>(HttpResponseMessage response)
    {
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(Token)}");
        return (await response.Content.ReadFromJsonAsync<T>(ContractJson.Options, Token))!;
    }

    public async Task<ClaimedRun> ClaimedRun()
    {
        await Post(Spec());
        return (await Queue.Claim("worker-a", Token))!;
    }

    public async Task<HubConnection> Connect()
    {
        var connection = new HubConnectionBuilder().WithUrl(new Uri(Http.BaseAddress!, RunHub.Path))
            .AddJsonProtocol(json => ContractJson.Configure(json.PayloadSerializerOptions)).Build();
        await connection.StartAsync(Token);
        return connection;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        folder.Dispose();
    }
}
