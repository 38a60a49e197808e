using Contracts;

namespace Runs;

/// <summary>The epoch chosen on the valid split so far, and its figures. The test split never chooses; the first of equals stays.</summary>
internal static class BestEpoch
{
    public static void Offer(Run run, EpochRow row, Selection selection)
    {
        if (!IsBetter(run, row, selection)) { return; }
        run.BestEpoch = row.Epoch;
        run.BestValidMetric = row.ValidMetric;
        run.BestValidLoss = row.ValidLoss;
        run.TestMetric = row.TestMetric;
    }

    /// <summary>The Trainer's own verdict at the end.</summary>
    public static void Take(Run run, FinishedEvent finished)
    {
        run.BestEpoch = finished.BestEpoch;
        run.BestValidMetric = finished.BestValidMetric;
        run.BestValidLoss = finished.BestValidLoss;
        run.TestMetric = finished.TestMetric;
    }

    public static void Clear(Run run)
    {
        run.BestEpoch = null;
        run.BestValidMetric = run.BestValidLoss = run.TestMetric = null;
    }

    // A comparison with NaN is false: an epoch that diverged is never better, and never stays best.
    private static bool IsBetter(Run run, EpochRow row, Selection selection) => selection switch
    {
        Selection.ValidLoss => row.ValidLoss < (run.BestValidLoss ?? double.PositiveInfinity),
        _ => row.ValidMetric > (run.BestValidMetric ?? double.NegativeInfinity),
    };
}
