using System.Runtime.CompilerServices;
using System.Text.Json;
using Contracts;
using Microsoft.EntityFrameworkCore;

namespace Runs;

/// <summary>Reads what was stored of a run after a cursor.</summary>
public static class RunHistoryReader
{
    /// <summary>Most epochs and events in one answer; ask again with its <c>seq</c> until that is the run's own.</summary>
    public const int PageSize = 10_000;

    private const int ExportPart = 2_000;

    /// <summary>
    /// Null for an unknown run. Sequence numbers have no gaps, and one that can be seen has been committed with all before it, so a
    /// window of numbers is complete: nothing can appear in it later. Voided epochs are left out, and so are figures by layer and of memory, which are asked for apart.
    /// </summary>
    public static async Task<RunHistory?> HistoryAfter(this RunsDb db, Guid runId, long after, CancellationToken cancellation)
    {
        var last = await db.Runs.Where(run => run.Id == runId).Select(run => (long?)run.LastSeq).SingleOrDefaultAsync(cancellation);
        return last is null ? null : await db.HistoryBetween(runId, after, last.Value, cancellation);
    }

    /// <summary>As <see cref="HistoryAfter"/>, of a run that is known to have come as far as <paramref name="last"/>.</summary>
    public static async Task<RunHistory> HistoryBetween(this RunsDb db, Guid runId, long after, long last, CancellationToken cancellation)
    {
        var upTo = Math.Max(after, Math.Min(last, after > long.MaxValue - PageSize ? long.MaxValue : after + PageSize));
        if (upTo == after) { return new RunHistory { Epochs = [], Events = [], Seq = after }; }

        var epochs = await db.Epochs.AsNoTracking()
            .Where(row => row.RunId == runId && row.Seq > after && row.Seq <= upTo && !row.Voided)
            .OrderBy(row => row.Seq).ToListAsync(cancellation);

        // Each number is an epoch's or an event's: where the epochs have them all, as in most messages of a training, nothing is left to ask for.
        var events = epochs.Count == upTo - after ? [] : await EventsAfter(db, runId, after, upTo).ToListAsync(cancellation);
        return new RunHistory
        {
            Epochs = [.. epochs.Select(row => row.ToPoint())],
            Events = [.. events.Select(row => row.ToEvent())],
            Seq = upTo,
        };
    }

    /// <summary>
    /// As <see cref="HistoryAfter"/>, of a long run about <paramref name="maxPoints"/> epochs: the chosen one and, in every stretch, those with
    /// the lowest and highest loss, metric, seconds and peak memory.
    /// </summary>
    public static async Task<RunHistory?> ThinnedAfter(this RunsDb db, Guid runId, long after, int maxPoints, CancellationToken cancellation)
    {
        var run = await db.Runs.Where(run => run.Id == runId).Select(run => new { run.LastSeq, run.BestEpoch }).SingleOrDefaultAsync(cancellation);
        if (run is null || run.LastSeq - after <= maxPoints) { return await db.HistoryAfter(runId, after, cancellation); }

        var events = await EventsAfter(db, runId, after, run.LastSeq).Take(PageSize + 1).ToListAsync(cancellation);
        var upTo = events.Count > PageSize ? events[PageSize].Seq - 1 : run.LastSeq;
        var window = db.Epochs.AsNoTracking().Where(row => row.RunId == runId && row.Seq > after && row.Seq <= upTo && !row.Voided).OrderBy(row => row.Seq);
        var figures = await window.Select(row => new
        {
            row.Seq,
            row.Epoch,
            Values = new[] { row.TrainLoss, row.ValidLoss, row.TestLoss, row.TrainMetric, row.ValidMetric, row.TestMetric, row.Seconds, row.PeakMemoryBytes },
        }).ToListAsync(cancellation);
        var chosen = figures.FindIndex(row => row.Epoch == run.BestEpoch);
        var kept = Thinning.Keep(figures.ConvertAll(row => row.Values), maxPoints, chosen < 0 ? null : chosen).Select(at => figures[at].Seq).ToArray();
        var epochs = await window.Where(row => kept.Contains(row.Seq)).ToListAsync(cancellation);
        return new RunHistory
        {
            Epochs = [.. epochs.Select(row => row.ToPoint())],
            Events = [.. events.Take(PageSize).Select(row => row.ToEvent())],
            Seq = upTo,
        };
    }

    /// <summary>The epochs that count up to the run's present end, in their order; read in parts, so that who takes long holds nothing open.</summary>
    public static async IAsyncEnumerable<EpochRow> EpochsOf(this RunsDb db, Run run, [EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var after = 0L; ;)
        {
            var part = await db.Epochs.AsNoTracking().Where(row => row.RunId == run.Id && row.Seq > after && row.Seq <= run.LastSeq && !row.Voided)
                .OrderBy(row => row.Seq).Take(ExportPart).ToListAsync(cancellation);
            foreach (var row in part) { yield return row; }
            if (part.Count < ExportPart) { yield break; }
            after = part[^1].Seq;
        }
    }

    private static IQueryable<EventRow> EventsAfter(RunsDb db, Guid runId, long after, long upTo) => db.Events.AsNoTracking()
        .Where(row => row.RunId == runId && row.Seq > after && row.Seq <= upTo && row.Kind != EventRow.LayersKind && row.Kind != EventRow.MemoryKind).OrderBy(row => row.Seq);

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

    /// <summary>Null for an unknown run. What a replaced attempt reported after the epoch that the next one continued from does not count.</summary>
    public static async Task<RunMemory?> MemoryOf(this RunsDb db, Guid runId, CancellationToken cancellation)
    {
        if (!await db.Runs.AnyAsync(run => run.Id == runId, cancellation)) { return null; }

        var bodies = await db.Events.AsNoTracking()
            .Where(row => row.RunId == runId && (row.Kind == EventRow.MemoryKind || row.Kind == EventRow.StartedKind))
            .OrderBy(row => row.Seq).Select(row => row.Body!).ToListAsync(cancellation);
        var epochs = new List<MemoryEvent>();
        foreach (var body in bodies)
        {
            switch (JsonSerializer.Deserialize<TrainerEvent>(body, ContractJson.Options))
            {
                case StartedEvent started: epochs.RemoveAll(each => each.Epoch > started.ResumedFromEpoch); break;
                case MemoryEvent memory: epochs.Add(memory); break;
            }
        }

        return new RunMemory { Epochs = epochs };
    }
}
