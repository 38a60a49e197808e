using System.Collections.Concurrent;
using System.Globalization;
using Contracts;

namespace Web;

/// <summary>How figures and names read on every page.</summary>
public static class Display
{
    private static readonly ConcurrentDictionary<Enum, string> Names = new();

    /// <summary>The name that documents use: "res+", "validMetric".</summary>
    public static string Name(Enum value) => Names.GetOrAdd(value, ContractJson.NameOf);

    public static string Model(RunSummary run) =>
        $"{Name(run.Backbone)} · {Name(run.Convolution)} · {run.Layers} {(run.Layers == 1 ? "layer" : "layers")} · {run.HiddenChannels}";

    /// <summary>The name of a metric for people: "accuracy", "iou.wall".</summary>
    public static string MetricName(string name) => name switch
    {
        Metrics.Accuracy => "Accuracy",
        Metrics.MeanAccuracy => "Mean class accuracy",
        Metrics.RocAuc => "ROC-AUC",
        Metrics.MicroF1 => "Micro-F1",
        Metrics.MeanIou => "Mean IoU",
        ['i', 'o', 'u', '.', .. var part] => $"IoU of {part}",
        "metric" => "Metric",
        _ => name,
    };

    /// <summary>The same after another word: "accuracy", "ROC-AUC", "mean IoU".</summary>
    public static string InSentence(string? name) => MetricName(name ?? "metric") is var text && text.Length > 1 && char.IsLower(text[1]) && !text.StartsWith("IoU", StringComparison.Ordinal)
        ? char.ToLowerInvariant(text[0]) + text[1..]
        : MetricName(name ?? "metric");

    /// <summary>A metric in [0, 1], or a dash while there is none.</summary>
    public static string Metric(double? value) => value switch
    {
        null => "–",
        { } number when !double.IsFinite(number) => NotANumber(number),
        { } number => number.ToString("0.0000", CultureInfo.InvariantCulture),
    };

    public static string Figure(double value) => double.IsFinite(value) ? value.ToString("0.#####", CultureInfo.InvariantCulture) : NotANumber(value);

    /// <summary>Figures over many magnitudes, three digits each.</summary>
    public static string Small(double value) => !double.IsFinite(value) ? NotANumber(value)
        : value.ToString(value != 0 && Math.Abs(value) < 1e-3 ? "0.00e+0" : "0.0000", CultureInfo.InvariantCulture);

    /// <summary>With as many decimals in each row of a table.</summary>
    public static string Aligned(double value) =>
        !double.IsFinite(value) ? NotANumber(value) : value.ToString(Math.Abs(value) < 1e5 ? "0.00000" : "0.000e+0", CultureInfo.InvariantCulture);

    public static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    public static string Bytes(long? bytes) => bytes switch
    {
        null => "–",
        < 1L << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0} KiB"),
        < 1L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):0} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.00} GiB"),
    };

    /// <summary>"8.4 s", "3:07 min", "2:14:09 h", "3 d 4 h".</summary>
    public static string Duration(TimeSpan time)
    {
        if (time < TimeSpan.Zero) { time = TimeSpan.Zero; }
        return time switch
        {
            { TotalSeconds: < 10 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s"),
            { TotalSeconds: < 60 } => $"{(int)time.TotalSeconds} s",
            { TotalHours: < 1 } => $"{time.Minutes}:{time.Seconds:00} min",
            { TotalDays: < 1 } => $"{time.Hours}:{time.Minutes:00}:{time.Seconds:00} h",
            _ => $"{time.Days} d {time.Hours} h",
        };
    }

    public static bool IsOver(RunStatus status) => status is RunStatus.Succeeded or RunStatus.Failed or RunStatus.Cancelled;

    public static bool CanCancel(RunStatus status) => status is RunStatus.Queued or RunStatus.Running or RunStatus.Pausing or RunStatus.Paused;

    public static bool CanPause(RunStatus status) => status is RunStatus.Queued or RunStatus.Running;

    public static bool CanResume(RunStatus status) => status is RunStatus.Pausing or RunStatus.Paused;

    private static string NotANumber(double value) => double.IsNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
}
