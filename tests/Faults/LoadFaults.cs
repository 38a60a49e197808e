using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Json;
using Contracts;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Runs;

namespace Faults;

/// <summary>More of everything than is usual.</summary>
internal static class LoadFaults
{
    public static Fault[] List { get; } =
    [
        new("10,000 queued runs", false, Queued),
        new("500 live viewers of one run", false, Viewers),
        new("hostile requests made from the OpenAPI document", true, HostileRequests.Send),
    ];

    private static async Task<string> Queued(Site site)
    {
        const int runs = 10_000;
        var queue = await site.Get<RunQueue>();
        await site.Queue(Undisturbed.Spec(2));
        await Multiply(site, runs - 1);
        await using (var db = (await site.Get<RunStore>()).Open()) { Require.Equal(runs, await db.Runs.CountAsync(site.Stop), "runs"); }

        var claims = new List<double>();
        for (var i = 0; i < 100; i++)
        {
            var since = Stopwatch.GetTimestamp();
            var claim = await queue.Claim("worker-x", site.Stop);
            claims.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
            await queue.Cancel(claim!.Id, site.Stop);
            await queue.HandBack(claim.Id, claim.Attempt, site.Stop);
        }
        await site.StartApi();
        var pages = new List<double>();
        for (var i = 0; i < 20; i++)
        {
            var since = Stopwatch.GetTimestamp();
            var page = await site.Http.GetFromJsonAsync<RunPage>("/api/v1/runs?limit=50", ContractJson.Options, site.Stop);
            pages.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
            Require.Equal(50, page!.Items.Count, "runs of the first page");
        }
        var before = await Ended(site);
        site.StartFakeWorker("worker-a", slots: 2);
        var clock = Stopwatch.StartNew();
        await site.Eventually(async () => await Ended(site) >= before + 40, "40 of the queued runs to end", 120);
        claims.Sort();
        pages.Sort();
        return $"claim median {claims[50]:F1} ms, first page median {pages[10]:F1} ms, worst {pages[^1]:F0} ms; two slots went through 40 runs in {clock.Elapsed.TotalSeconds:F1} s";
    }

    private static async Task<int> Ended(Site site)
    {
        await using var db = (await site.Get<RunStore>()).Open();
        return await db.Runs.CountAsync(run => run.Status == RunStatus.Succeeded || run.Status == RunStatus.Cancelled, site.Stop);
    }

    /// <summary>Copies of the one run there is, each with an id of its own.</summary>
    private static async Task Multiply(Site site, int copies)
    {
        await using var connection = new NpgsqlConnection(site.Database);
        await connection.OpenAsync(site.Stop);
        var columns = new List<string>();
        await using (var ask = new NpgsqlCommand("SELECT column_name FROM information_schema.columns WHERE table_name = 'runs' AND column_name <> 'id'", connection))
        await using (var reader = await ask.ExecuteReaderAsync(site.Stop))
        {
            while (await reader.ReadAsync(site.Stop)) { columns.Add($"\"{reader.GetString(0)}\""); }
        }
        var list = string.Join(", ", columns);
        await using var copy = new NpgsqlCommand($"INSERT INTO runs (id, {list}) SELECT gen_random_uuid(), {list} FROM runs, generate_series(1, {copies})", connection);
        Require.Equal(copies, await copy.ExecuteNonQueryAsync(site.Stop), "copies");
    }

    private static async Task<string> Viewers(Site site)
    {
        const int viewers = 500;
        const int epochs = 100;
        await site.StartApi();
        var run = (await site.Post(Undisturbed.Spec(epochs) with { Name = "delay=100" })).Id;
        var late = new ConcurrentBag<double>();
        var seen = new ConcurrentDictionary<int, ConcurrentDictionary<int, int>>();
        var connections = new ConcurrentBag<HubConnection>();
        try
        {
            await Parallel.ForEachAsync(Enumerable.Range(0, viewers), new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = site.Stop }, async (viewer, stop) =>
            {
                var mine = seen[viewer] = new ConcurrentDictionary<int, int>();
                var connection = new HubConnectionBuilder().WithUrl(new Uri(site.Http.BaseAddress!, RunHub.Path)).AddJsonProtocol(json => ContractJson.Configure(json.PayloadSerializerOptions)).Build();
                connection.On<RunSummary, RunHistory>(nameof(IRunClient.RunProgressed), (_, added) =>
                {
                    foreach (var point in added.Epochs)
                    {
                        mine.AddOrUpdate(point.Figures.Epoch, 1, (_, times) => times + 1);
                        late.Add((DateTimeOffset.UtcNow - point.Figures.At).TotalMilliseconds);
                    }
                });
                await connection.StartAsync(stop);
                await connection.InvokeAsync(nameof(IRunHub.WatchRun), run, stop);
                connections.Add(connection);
            });
            site.StartFakeWorker("worker-a");
            await site.Ended(run, 120);
            await site.Eventually(() => Task.FromResult(seen.Values.All(mine => mine.Count == epochs)), $"{viewers} viewers to have all {epochs} epochs", 30);
            Require.That(seen.Values.All(mine => mine.Values.All(times => times == 1)), "a viewer got an epoch twice");
        }
        finally
        {
            await Parallel.ForEachAsync(connections, async (connection, _) => await connection.DisposeAsync());
        }
        var sorted = late.Order().ToList();
        return $"each of {viewers} got each of {epochs} epochs once; from the Trainer to the viewer median {sorted[sorted.Count / 2]:F0} ms, p95 {sorted[sorted.Count * 95 / 100]:F0} ms";
    }
}
