using System.Diagnostics;
using System.Diagnostics.Metrics;
using Contracts;

namespace Runs;

/// <summary>
/// Traces and measurements of runs, by the names that OpenTelemetry exports them under. A run's row carries the trace of the request that made it, so
/// that request, claims, attempts and epochs are one trace, whichever processes they happen in.
/// </summary>
public static class RunTelemetry
{
    public const string Name = "GnnService";

    public static ActivitySource Source { get; } = new(Name);

    private static readonly Meter Meter = new(Name);

    private static readonly Counter<long> Claims = Meter.CreateCounter<long>("gnn.runs.claims", "{claim}", "Runs that a worker took");
    private static readonly Counter<long> Epochs = Meter.CreateCounter<long>("gnn.epochs", "{epoch}", "Epochs stored");
    private static readonly Counter<long> Points = Meter.CreateCounter<long>("gnn.ingest.points", "{point}", "Figures of epochs stored");
    private static readonly Histogram<double> EpochSeconds = Meter.CreateHistogram<double>("gnn.epoch.duration", "s", "Wall time of an epoch");
    private static readonly Histogram<long> PeakMemory = Meter.CreateHistogram<long>("gnn.epoch.peak_memory", "By", "Peak memory of the training process within an epoch");
    private static readonly Histogram<double> QueueWait = Meter.CreateHistogram<double>("gnn.queue.wait", "s", "From the making of a run to its first claim");
    private static readonly Gauge<long> RunsByStatus = Meter.CreateGauge<long>("gnn.runs", "{run}", "Runs by status");
    private static readonly Gauge<long> QueueLength = Meter.CreateGauge<long>("gnn.queue.length", "{run}", "Runs that wait for a worker");

    /// <summary>Whether anybody asks for the numbers that have to be counted in the store.</summary>
    internal static bool CountsRuns => RunsByStatus.Enabled || QueueLength.Enabled;

    internal static void Claimed(TimeSpan? waited)
    {
        Claims.Add(1);
        if (waited is { } first) { QueueWait.Record(first.TotalSeconds); }
    }

    internal static void Stored(IReadOnlyList<EpochEvent> epochs)
    {
        if (epochs.Count == 0) { return; }
        Epochs.Add(epochs.Count);
        Points.Add(epochs.Sum(epoch => EpochMetrics.Names.Count + (epoch.Metrics?.Count ?? 0)));
        foreach (var epoch in epochs)
        {
            EpochSeconds.Record(epoch.Seconds);
            PeakMemory.Record(epoch.PeakMemoryBytes);
        }
    }

    internal static void Counted(IReadOnlyDictionary<RunStatus, int> runs)
    {
        QueueLength.Record(runs.GetValueOrDefault(RunStatus.Queued));
        foreach (var status in Enum.GetValues<RunStatus>()) { RunsByStatus.Record(runs.GetValueOrDefault(status), new KeyValuePair<string, object?>("status", ContractJson.NameOf(status))); }
    }

    /// <summary>The claim that took <paramref name="run"/>; told afterwards, since before nobody knows whose trace it belongs to.</summary>
    public static void Claim(ClaimedRun run, string worker, DateTimeOffset began)
    {
        using var claim = Start("run.claim", run, began);
        claim?.SetTag("gnn.worker", worker);
    }

    /// <summary>One attempt, until it is disposed of.</summary>
    public static Activity? Training(ClaimedRun run, string worker)
    {
        var training = Start("run.training", run, default);
        training?.SetTag("gnn.worker", worker).SetTag("gnn.dataset", run.Spec.Data.Dataset).SetTag("gnn.layers", run.Spec.Model.Layers);
        return training;
    }

    /// <summary>An epoch within the training that goes on now, with the times that the Trainer reported.</summary>
    public static void Epoch(EpochEvent epoch)
    {
        if (Activity.Current is not { OperationName: "run.training" } training) { return; }
        using var span = Source.StartActivity("run.epoch", ActivityKind.Internal, training.Context, startTime: epoch.At - TimeSpan.FromSeconds(Math.Max(0, epoch.Seconds)));
        span?.SetTag("gnn.epoch", epoch.Epoch).SetTag("gnn.train_loss", epoch.TrainLoss).SetTag("gnn.valid_metric", epoch.ValidMetric).SetTag("gnn.peak_memory", epoch.PeakMemoryBytes)
            .SetEndTime(epoch.At.UtcDateTime);
    }

    private static Activity? Start(string name, ClaimedRun run, DateTimeOffset began)
    {
        ActivityContext.TryParse(run.TraceParent, null, isRemote: true, out var request);
        return Source.StartActivity(name, ActivityKind.Consumer, request, startTime: began)?.SetTag("gnn.run", run.Id).SetTag("gnn.attempt", run.Attempt);
    }
}
