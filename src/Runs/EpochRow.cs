using System.Text.Json;
using Contracts;

namespace Runs;

/// <summary>The figures of one epoch of one attempt. A later attempt that resumed before it voids it.</summary>
public sealed class EpochRow
{
    public Guid RunId { get; init; }
    public int Attempt { get; init; }
    public int Epoch { get; init; }
    public long Seq { get; init; }
    public bool Voided { get; internal set; }
    public DateTimeOffset At { get; init; }
    public double TrainLoss { get; init; }
    public double ValidLoss { get; init; }
    public double TestLoss { get; init; }
    public double TrainMetric { get; init; }
    public double ValidMetric { get; init; }
    public double TestMetric { get; init; }
    public double LearningRate { get; init; }
    public double Seconds { get; init; }
    public double NodesPerSecond { get; init; }
    public long PeakMemoryBytes { get; init; }

    /// <summary>Further figures by split and name as a JSON object, null where the task has one metric.</summary>
    public string? MetricsJson { get; init; }

    /// <summary>Whether it was the best epoch so far when it was reported.</summary>
    public bool IsBest { get; init; }

    public static EpochRow From(Run run, long seq, EpochEvent figures) => new()
    {
        RunId = run.Id,
        Attempt = run.Attempt,
        Epoch = figures.Epoch,
        Seq = seq,
        At = figures.At.ToUniversalTime(),
        TrainLoss = figures.TrainLoss,
        ValidLoss = figures.ValidLoss,
        TestLoss = figures.TestLoss,
        TrainMetric = figures.TrainMetric,
        ValidMetric = figures.ValidMetric,
        TestMetric = figures.TestMetric,
        LearningRate = figures.LearningRate,
        Seconds = figures.Seconds,
        NodesPerSecond = figures.NodesPerSecond,
        PeakMemoryBytes = figures.PeakMemoryBytes,
        MetricsJson = figures.Metrics is null ? null : JsonSerializer.Serialize(figures.Metrics, ContractJson.Options),
        IsBest = figures.IsBest,
    };

    public EpochPoint ToPoint() => new()
    {
        Seq = Seq,
        Attempt = Attempt,
        Figures = new EpochEvent
        {
            At = At,
            Epoch = Epoch,
            TrainLoss = TrainLoss,
            ValidLoss = ValidLoss,
            TestLoss = TestLoss,
            TrainMetric = TrainMetric,
            ValidMetric = ValidMetric,
            TestMetric = TestMetric,
            LearningRate = LearningRate,
            Seconds = Seconds,
            NodesPerSecond = NodesPerSecond,
            PeakMemoryBytes = PeakMemoryBytes,
            Metrics = MetricsJson is null ? null : JsonSerializer.Deserialize<Dictionary<string, double>>(MetricsJson, ContractJson.Options),
            IsBest = IsBest,
        },
    };
}
