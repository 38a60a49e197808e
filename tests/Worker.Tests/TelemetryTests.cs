using System.Diagnostics;
using Contracts;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Runs;
using Testing;

namespace Worker.Tests;

public sealed class TelemetryTests(PostgresFixture postgres)
{
    [Theory, OnBothStores]
    public async Task Request_claim_training_and_epochs_are_one_trace(StoreKind store)
    {
        using var folder = TestFolders.NewTemporary();
        var spans = new Spans();
        using var traces = Sdk.CreateTracerProviderBuilder().AddRunSources().AddProcessor(new SimpleActivityExportProcessor(spans)).Build();
        await using var worker = await WorkerHost.Start(folder.Path, await postgres.NewDatabase(store));

        var request = new Activity("a request") { ActivityTraceFlags = ActivityTraceFlags.Recorded }.Start();
        var id = await worker.Post("delay=20", epochs: 3);
        request.Stop();
        var run = await worker.RunThatIs(RunStatus.Succeeded, id);
        await worker.Stop();

        Assert.Equal(request.Id, run.TraceParent);
        var mine = spans.Of(request.TraceId);
        var claim = Assert.Single(mine, span => span.OperationName == "run.claim");
        var training = Assert.Single(mine, span => span.OperationName == "run.training");
        Assert.Equal((request.SpanId, request.SpanId), (claim.ParentSpanId, training.ParentSpanId));
        Assert.All([claim, training], span => Assert.Equal((id, 1), (span.GetTagItem("gnn.run"), span.GetTagItem("gnn.attempt"))));
        var epochs = mine.Where(span => span.OperationName == "run.epoch").OrderBy(span => (int)span.GetTagItem("gnn.epoch")!).ToList();
        Assert.Equal([1, 2, 3], epochs.Select(span => (int)span.GetTagItem("gnn.epoch")!));
        Assert.All(epochs, span => Assert.Equal(training.SpanId, span.ParentSpanId));
        Assert.All(epochs, span => Assert.InRange(span.Duration.TotalSeconds, 0.004, 0.006)); // as the Trainer said, not as it was heard
    }

    [Fact]
    public async Task What_is_stored_is_measured()
    {
        using var folder = TestFolders.NewTemporary();
        var found = new List<Metric>();
        using var metrics = Sdk.CreateMeterProviderBuilder().AddMeter(RunTelemetry.Name).AddInMemoryExporter(found).Build();
        await using var worker = await WorkerHost.Start(folder.Path);
        var id = await worker.Post("delay=20", epochs: 4);
        await worker.RunThatIs(RunStatus.Succeeded, id);
        await Task.Delay(TimeSpan.FromSeconds(3), WorkerHost.Token); // sweeps that count
        metrics.ForceFlush();

        Assert.InRange(Sum(found, "gnn.runs.claims"), 1, long.MaxValue);
        Assert.InRange(Sum(found, "gnn.epochs"), 4, long.MaxValue);
        Assert.InRange(Sum(found, "gnn.ingest.points"), 40, long.MaxValue);
        Assert.Superset(new HashSet<string> { "gnn.epoch.duration", "gnn.epoch.peak_memory", "gnn.queue.wait", "gnn.queue.length", "gnn.runs" }, found.Select(metric => metric.Name).ToHashSet());
        Assert.Contains("succeeded", Tags(found, "gnn.runs", "status"));
    }

    [Fact]
    public async Task What_is_logged_of_an_attempt_names_run_and_attempt()
    {
        using var folder = TestFolders.NewTemporary();
        var log = new ScopeLog();
        await using var worker = WorkerHost.Build(folder.Path, log: log);
        await worker.Start();
        var id = await worker.Post("delay=1", epochs: 2);
        await worker.RunThatIs(RunStatus.Succeeded, id);
        Assert.Contains(log.Scopes, scope => scope.Message.Contains("Trainer process", StringComparison.Ordinal) && Equals(scope.Values.GetValueOrDefault("run"), id) && Equals(scope.Values.GetValueOrDefault("attempt"), 1));
    }

    private static long Sum(List<Metric> metrics, string name)
    {
        var sum = 0L;
        foreach (ref readonly var point in metrics.Last(metric => metric.Name == name).GetMetricPoints()) { sum += point.GetSumLong(); }
        return sum;
    }

    private static List<object?> Tags(List<Metric> metrics, string name, string tag)
    {
        var values = new List<object?>();
        foreach (ref readonly var point in metrics.Last(metric => metric.Name == name).GetMetricPoints())
        {
            foreach (var pair in point.Tags) { if (pair.Key == tag) { values.Add(pair.Value); } }
        }
        return values;
    }

    /// <summary>The package's in-memory exporter keeps a plain list, which spans of several threads would break.</summary>
    private sealed class Spans : BaseExporter<Activity>
    {
        private readonly List<Activity> all = [];

        public List<Activity> Of(ActivityTraceId trace) { lock (all) { return [.. all.Where(span => span.TraceId == trace)]; } }

        public override ExportResult Export(in Batch<Activity> batch)
        {
            lock (all) { foreach (var span in batch) { all.Add(span); } }
            return ExportResult.Success;
        }
    }

    internal sealed class ScopeLog : ILoggerProvider, ISupportExternalScope
    {
        private readonly List<(string Message, Dictionary<string, object> Values)> lines = [];
        private IExternalScopeProvider scopes = new LoggerExternalScopeProvider();

        public List<(string Message, Dictionary<string, object> Values)> Scopes { get { lock (lines) { return [.. lines]; } } }

        public ILogger CreateLogger(string categoryName) => new Lines(this);

        public void SetScopeProvider(IExternalScopeProvider scopeProvider) => scopes = scopeProvider;

        public void Dispose() { }

        private sealed class Lines(ScopeLog log) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state) where TState : notnull => log.scopes.Push(state);

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            {
                var values = new Dictionary<string, object>();
                log.scopes.ForEachScope((scope, found) => { if (scope is IEnumerable<KeyValuePair<string, object>> pairs) { foreach (var (key, value) in pairs) { found[key] = value; } } }, values);
                lock (log.lines) { log.lines.Add((formatter(state, exception), values)); }
            }
        }
    }
}
