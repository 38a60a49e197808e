using System.Diagnostics;
using System.Net.Http.Json;
using Contracts;
using Npgsql;
using static Bench.ServiceRows;

namespace Bench;

/// <summary>Rows about what is stored.</summary>
internal static class ServiceStoreRows
{
    private const int Queued = 10_000;
    private static readonly TimeSpan IngestFor = TimeSpan.FromSeconds(15);

    public static RunSpec Karate { get; } = new() { Name = "karate", Data = new DataSpec { Dataset = "karate" }, Model = new ModelSpec(), Training = new TrainingSpec { Epochs = 100 } };

    /// <summary>Two workers' batches of 500 epochs at once, as they come after an outage; a point is one figure of one epoch.</summary>
    public static async Task Ingest()
    {
        await using var site = await ServiceSite.Open();
        await site.Queue.CreateAll([Karate, Karate], default);
        var clock = Stopwatch.StartNew();
        var acknowledged = new List<double>[] { [], [] };
        var epochs = await Task.WhenAll(acknowledged.Select(taken => Task.Run(() => Record(site, clock, taken))));
        var seconds = clock.Elapsed.TotalSeconds;
        Print("ingest", epochs.Sum() * EpochMetrics.Names.Count / seconds, "points/s");
        Print("ingest-epochs", epochs.Sum() / seconds, "epochs/s");
        Print("ingest-batch-p99", Quantile(acknowledged.SelectMany(taken => taken), 0.99), "ms");
    }

    /// <summary>With 10,000 runs waiting: one claim after the other, then four workers at once.</summary>
    public static async Task Claim()
    {
        await using var site = await ServiceSite.Open();
        await Fill(site);
        var taken = new List<double>();
        for (var i = 0; i < 300; i++)
        {
            var since = Stopwatch.GetTimestamp();
            if (await site.Queue.Claim("worker", default) is null) { throw new InvalidOperationException("nothing was claimed"); }
            taken.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
        }
        Print("claim-p50", Quantile(taken.Skip(20), 0.5), "ms");
        Print("claim-p99", Quantile(taken.Skip(20), 0.99), "ms");
        Print("claim", (taken.Count - 20) / taken.Skip(20).Sum() * 1000, "claims/s");

        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++) { await site.Queue.Claim($"worker-{worker}", default); }
        })));
        Print("claim-4-workers", 800 / clock.Elapsed.TotalSeconds, "claims/s");
    }

    /// <summary>GET /api/v1/runs over HTTP with 10,000 runs: the first page, and pages further on.</summary>
    public static async Task List()
    {
        await using var site = await ServiceSite.Open();
        await Fill(site);
        await site.StartApi();
        var first = await Times(site, 300, () => "/api/v1/runs?limit=50");
        Print("list-10000-p50", Quantile(first, 0.5), "ms");
        Print("list-10000-p99", Quantile(first, 0.99), "ms");

        string? cursor = null;
        var further = new List<double>();
        for (var page = 0; page < 100; page++)
        {
            var since = Stopwatch.GetTimestamp();
            var answer = await site.Http.GetFromJsonAsync<RunPage>($"/api/v1/runs?limit=50&cursor={cursor}", ContractJson.Options);
            further.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
            cursor = answer!.NextCursor;
        }
        Print("list-10000-deep-p99", Quantile(further, 0.99), "ms");
    }

    private static async Task<List<double>> Times(ServiceSite site, int times, Func<string> path)
    {
        var taken = new List<double>();
        for (var i = 0; i < times + 20; i++)
        {
            var since = Stopwatch.GetTimestamp();
            await site.Http.GetByteArrayAsync(path());
            if (i >= 20) { taken.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds); } // compiled code first
        }
        return taken;
    }

    private static async Task Fill(ServiceSite site)
    {
        for (var part = 0; part < Queued / Sweep.MaxRuns; part++) { await site.Queue.CreateAll([.. Enumerable.Repeat(Karate, Sweep.MaxRuns)], default); }
        await using var connection = new NpgsqlConnection(site.Database);
        await connection.OpenAsync();
        await using var mix = new NpgsqlCommand("UPDATE runs SET priority = (random() * 10)::int; ANALYZE", connection);
        await mix.ExecuteNonQueryAsync();
    }

    private static async Task<int> Record(ServiceSite site, Stopwatch clock, List<double> taken)
    {
        var run = (await site.Queue.Claim("worker", default))!;
        var random = new Random(run.Id.GetHashCode());
        var epoch = 0;
        while (clock.Elapsed < IngestFor)
        {
            List<TrainerEvent> batch = [.. Enumerable.Range(0, 500).Select(_ => Epoch(++epoch, random))];
            var since = Stopwatch.GetTimestamp();
            if (!await site.Recorder.Record(run.Id, run.Attempt, batch, default)) { throw new InvalidOperationException("the run was lost"); }
            taken.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
        }
        return epoch;
    }

    private static EpochEvent Epoch(int epoch, Random random) => new()
    {
        At = DateTimeOffset.UtcNow, Epoch = epoch, TrainLoss = random.NextDouble(), ValidLoss = random.NextDouble(), TestLoss = random.NextDouble(), TrainMetric = random.NextDouble(),
        ValidMetric = random.NextDouble(), TestMetric = random.NextDouble(), LearningRate = 0.01, Seconds = 0.1, NodesPerSecond = 1e5, PeakMemoryBytes = 1L << 28,
    };
}
