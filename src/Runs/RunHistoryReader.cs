using Contracts;
using Microsoft.EntityFrameworkCore;

namespace Runs;

/// <summary>Reads what was stored of a run after a cursor.</summary>
public static class RunHistoryReader
{
    /// <summary>Most epochs and events in one answer; ask again with its <c>seq</c> until that is the run's own.</summary>
    public const int PageSize = 10_000;

    /// <summary>
    /// Null for an unknown run. Sequence numbers have no gaps, and one that can be seen has been committed with all before it, so a
    /// window of numbers is complete: nothing can appear in it later. Voided epochs are left out.
    /// </summary>
    public static async Task<RunHistory?> HistoryAfter(this RunsDb db, Guid runId, long after, CancellationToken cancellation)
    {
        var last = await db.Runs.Where(run => run.Id == runId).Select(run => (long?)run.LastSeq).SingleOrDefaultAsync(cancellation);
        if (last is null) { return null; }

        var upTo = Math.Max(after, Math.Min(last.Value, after > long.MaxValue - PageSize ? long.MaxValue : after + PageSize));
        var epochs = await db.Epochs.AsNoTracking()
            .Where(row => row.RunId == runId && row.Seq > after && row.Seq <= upTo && !row.Voided)
            .OrderBy(row => row.Seq).ToListAsync(cancellation);
        var events = await db.Events.AsNoTracking()
            .Where(row => row.RunId == runId && row.Seq > after && row.Seq <= upTo)
            .OrderBy(row => row.Seq).ToListAsync(cancellation);
        return new RunHistory
        {
            Epochs = [.. epochs.Select(row => row.ToPoint())],
            Events = [.. events.Select(row => row.ToEvent())],
            Seq = upTo,
        };
    }
}
