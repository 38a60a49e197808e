using Contracts;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Web.Client;
using Web.Live;

namespace Web.Tests;

/// <summary>Someone who follows a run as the page does, and keeps what a chart would show.</summary>
public sealed class Watching : IAsyncDisposable
{
    private readonly HttpClient _http;
    private readonly List<int> _chart = [];
    private readonly Lock _gate = new();

    public Watching(RunServer server, Guid run)
    {
        var address = AddressOf(server.Url);
        _http = new HttpClient { BaseAddress = address.Value };
        Feed = new RunFeed(run, new RunsApi(_http), address, TimeProvider.System, Follow);
        Feed.Start();
    }

    public RunFeed Feed { get; }

    public int[] Chart { get { lock (_gate) { return [.. _chart]; } } }

    public int Deliveries { get; private set; }

    public static ApiAddress AddressOf(string url) => new(Options.Create(new ApiOptions { Url = url }), new NoServer());

    public async ValueTask DisposeAsync()
    {
        await Feed.DisposeAsync();
        _http.Dispose();
    }

    private Task Follow(RunChanges changes)
    {
        lock (_gate)
        {
            Deliveries++;
            if (changes.VoidAfter is { } last) { _chart.RemoveAll(epoch => epoch > last); }
            _chart.AddRange(changes.Added.Select(point => point.Figures.Epoch));
        }

        return Task.CompletedTask;
    }

    private sealed class NoServer : IServer
    {
        public IFeatureCollection Features { get; } = new FeatureCollection();
        public void Dispose() { }
        public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken) where TContext : notnull => Task.CompletedTask;
        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
