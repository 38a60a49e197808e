using Contracts;
using Microsoft.EntityFrameworkCore;

namespace Runs;

/// <summary>The epochs of one transaction: rows for one insert, and what they change on their run, whose row is locked.</summary>
internal sealed class EpochBatch(RunsDb db, Run run)
{
    private readonly List<EpochRow> rows = [];
    private MetricSummaries summaries = MetricSummaries.Of(run);

    public void Add(EpochEvent figures)
    {
        var row = EpochRow.From(run, ++run.LastSeq, figures);
        rows.Add(row);
        run.Epoch = Math.Max(run.Epoch, row.Epoch);
        run.PeakMemoryBytes = Math.Max(run.PeakMemoryBytes ?? 0, row.PeakMemoryBytes);
        BestEpoch.Offer(run, row);
        summaries.Add(figures);
    }

    public async Task Store(CancellationToken cancellation)
    {
        if (rows.Count == 0) { return; }
        await db.InsertEpochs(rows, cancellation);
        rows.Clear();
        run.SummariesJson = summaries.ToJson();
    }

    /// <summary>The newest attempt wins: what earlier ones did after the checkpoint it continues from never happened.</summary>
    public async Task VoidAfter(int resumedFrom, CancellationToken cancellation)
    {
        await Store(cancellation);
        await db.SaveChangesAsync(cancellation);
        await db.Epochs.Where(row => row.RunId == run.Id && row.Attempt < run.Attempt && row.Epoch > resumedFrom && !row.Voided)
            .ExecuteUpdateAsync(row => row.SetProperty(epoch => epoch.Voided, true), cancellation);
        BestEpoch.Clear(run);
        run.Epoch = 0;
        if (run.BestCheckpointEpoch > resumedFrom) { (run.BestCheckpointEpoch, run.BestCheckpointPath, run.BestCheckpointSha256) = (null, null, null); }
        summaries = MetricSummaries.None;
        await foreach (var row in db.Epochs.AsNoTracking().Where(row => row.RunId == run.Id && !row.Voided).OrderBy(row => row.Epoch).AsAsyncEnumerable().WithCancellation(cancellation))
        {
            run.Epoch = row.Epoch;
            BestEpoch.Offer(run, row);
            summaries.Add(row.ToPoint().Figures);
        }
        run.SummariesJson = summaries.ToJson();
    }
}
