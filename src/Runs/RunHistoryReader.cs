using System.Text.Json;
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
    /// window of numbers is complete: nothing can appear in it later. Voided epochs are left out, and so are figures by layer, which are large.
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
            .Where(row => row.RunId == runId && row.Seq > after && row.Seq <= upTo && row.Kind != EventRow.LayersKind)
            .OrderBy(row => row.Seq).ToListAsync(cancellation);
        return new RunHistory
        {
            Epochs = [.. epochs.Select(row => row.ToPoint())],
            Events = [.. events.Select(row => row.ToEvent())],
            Seq = upTo,
        };
    }

    /// <summary>Null for an unknown run. Where a resumed attempt went through an epoch again, its figures are the ones that count.</summary>
    public static async Task<RunLayers?> LayersOf(this RunsDb db, Guid runId, CancellationToken cancellation)
    {
        if (!await db.Runs.AnyAsync(run => run.Id == runId, cancellation)) { return null; }

        var bodies = await db.Events.AsNoTracking()
            .Where(row => row.RunId == runId && row.Kind == EventRow.LayersKind)
            .OrderBy(row => row.Seq).Select(row => row.Body!).ToListAsync(cancellation);
        var newest = new SortedDictionary<int, LayersEvent>();
        foreach (var body in bodies)
        {
            if (JsonSerializer.Deserialize<TrainerEvent>(body, ContractJson.Options) is LayersEvent layers) { newest[layers.Epoch] = layers; }
        }

        return new RunLayers { Epochs = [.. newest.Values] };
    }
}
