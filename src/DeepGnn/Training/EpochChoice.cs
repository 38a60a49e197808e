using Contracts;
using DeepGnn.Datasets;

namespace DeepGnn.Training;

/// <summary>Which epoch is reported: the best by one figure of the valid split, the first of equals. The test split never chooses.</summary>
internal static class EpochChoice
{
    /// <exception cref="DataSpecException">The selection names a metric that the task does not report.</exception>
    public static void Check(Selection selection, IReadOnlyList<string> metrics)
    {
        if (Metrics.NameOf(selection) is { } asked && !metrics.Contains(asked))
        {
            throw new DataSpecException(
                "$.training.selection",
                $"found \"{ContractJson.NameOf(selection)}\", needed a figure of {string.Join(", ", metrics)}, \"validMetric\" or \"validLoss\"");
        }
    }

    /// <summary>
    /// Whether the epoch is better than all before it. An undefined figure (no such class in the split, or an epoch without evaluation) never
    /// beats a defined one; the first epoch stands in until there is one.
    /// </summary>
    public static bool IsBetter(TrainingProgress before, EpochEvent epoch, Selection selection)
    {
        var found = FigureOf(epoch, selection);
        return found > before.BestFigure || (double.IsNaN(before.BestFigure) && !double.IsNaN(found)) || before.BestEpoch == 0;
    }

    /// <summary>The progress after an epoch.</summary>
    public static TrainingProgress After(TrainingProgress before, EpochEvent epoch, TrainingSpec training)
    {
        var next = before with
        {
            Epoch = epoch.Epoch,
            Seconds = before.Seconds + epoch.Seconds,
            PeakMemoryBytes = Math.Max(before.PeakMemoryBytes, epoch.PeakMemoryBytes),
        };
        if (epoch.IsBest)
        {
            next = next with
            {
                BestEpoch = epoch.Epoch,
                BestFigure = FigureOf(epoch, training.Selection),
                BestValidMetric = epoch.ValidMetric,
                BestValidLoss = epoch.ValidLoss,
                TestMetric = epoch.TestMetric,
                BestMetrics = epoch.Metrics,
            };
        }

        var waited = next.Epoch - Math.Max(next.BestEpoch, next.ReducedAtEpoch);
        return training.Schedule.Kind == ScheduleKind.Plateau && waited >= training.Schedule.Patience
            ? next with { Reductions = next.Reductions + 1, ReducedAtEpoch = next.Epoch }
            : next;
    }

    // Larger is better.
    private static double FigureOf(EpochEvent epoch, Selection selection) => selection switch
    {
        Selection.ValidMetric => epoch.ValidMetric,
        Selection.ValidLoss => -epoch.ValidLoss,
        // A task with one metric has no further figures: the one named is the first.
        _ => epoch.Metrics?.TryGetValue($"valid.{Metrics.NameOf(selection)}", out var figure) == true ? figure : epoch.ValidMetric, // the first, then
    };
}
