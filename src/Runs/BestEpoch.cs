using Contracts;

namespace Runs;

/// <summary>The epoch chosen on the valid split so far, and its figures. The Trainer chooses (<see cref="EpochEvent.IsBest"/>).</summary>
internal static class BestEpoch
{
    public static void Offer(Run run, EpochRow row)
    {
        if (!row.IsBest) { return; }
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
}
