using System.Diagnostics;
using Contracts;
using Microsoft.AspNetCore.SignalR;
using Microsoft.EntityFrameworkCore;
using Runs;

namespace Api;

/// <summary>
/// Sends what was stored to those who watch. A signal names a run; what is new of it is read from the store, from the last number that
/// was sent on. So nothing is shown that is not stored, nothing stored is left out, and a worker needs no connection to the API.
/// </summary>
public sealed class LiveFeed(RunSignal signal, RunStore store, IHubContext<RunsHub, IRunClient> hub, ILogger<LiveFeed> log) : BackgroundService
{
    /// <summary>From one round of messages to the next; signals within this time make one message.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(1);

    /// <summary>Last number sent of each run that is not over. A run that is not in here is younger than this feed: all of it is new.</summary>
    private readonly Dictionary<Guid, long> sent = [];

    /// <summary>Runs whose end was sent: they change no more, and a signal that comes late must not send all of them again.</summary>
    private readonly HashSet<Guid> over = [];
    private const int MostOver = 10_000;

    private readonly Lock gate = new();
    private readonly SemaphoreSlim wake = new(0, 1);
    private HashSet<Guid> changed = [];
    private bool missedSome;

    /// <summary>Before the first client can connect: whatever a client's history lacks must have a higher number than what is noted here.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var db = store.Open();
        foreach (var run in await Unfinished(db).ToListAsync(cancellationToken)) { sent[run.Id] = run.LastSeq; }
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try { await Task.WhenAll(Hear(stoppingToken), Send(stoppingToken)); }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested) { }
    }

    public override void Dispose()
    {
        wake.Dispose();
        base.Dispose();
    }

    private async Task Hear(CancellationToken stopping)
    {
        await foreach (var run in signal.Listen(stopping)) { Note(run is null ? [] : [run.Value], missed: run is null); }
    }

    private void Note(IEnumerable<Guid> runs, bool missed)
    {
        lock (gate)
        {
            changed.UnionWith(runs);
            missedSome |= missed;
            if (wake.CurrentCount == 0) { wake.Release(); }
        }
    }

    private async Task Send(CancellationToken stopping)
    {
        while (true)
        {
            await wake.WaitAsync(stopping);
            var began = Stopwatch.GetTimestamp();
            HashSet<Guid> runs;
            bool all;
            lock (gate)
            {
                (runs, all) = (changed, missedSome);
                (changed, missedSome) = ([], false);
            }
            try
            {
                await using var db = store.Open();
                if (all) { runs.UnionWith(await ChangedUnheard(db, stopping)); }
                foreach (var run in runs) { await SendNew(db, run, stopping); }
                if (Gather - Stopwatch.GetElapsedTime(began) is { Ticks: > 0 } rest) { await Task.Delay(rest, stopping); }
            }
            catch (Exception failure) when (failure is not OperationCanceledException || !stopping.IsCancellationRequested)
            {
                log.LogWarning("Live figures are late, trying again: {Reason}", failure.Message);
                await Task.Delay(AfterFailure, stopping);
                Note(runs, all);
            }
        }
    }

    private async Task SendNew(RunsDb db, Guid id, CancellationToken stopping)
    {
        if (over.Contains(id)) { return; }
        if (await db.Runs.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, stopping) is not { } run) { return; }

        RunSummary summary;
        var after = sent.GetValueOrDefault(id);
        do
        {
            // One message to each viewer, made once for all of them. A worker whose epochs have just come is not late.
            var added = await db.HistoryBetween(id, after, run.LastSeq, stopping);
            summary = run.ToSummary(added.Epochs.Count > 0 ? null : await db.TimeToJudge([run], stopping));
            await hub.Clients.Group(RunsHub.GroupOf(id)).RunProgressed(summary, added);
            after = added.Seq;
            sent[id] = after;
        }
        while (after < run.LastSeq);
        await hub.Clients.Group(RunsHub.ListGroup).RunChanged(summary);
        if (!RunTransitions.IsFinal(run.Status)) { return; }

        sent.Remove(id);
        if (over.Count == MostOver) { over.Clear(); }
        over.Add(id);
    }

    /// <summary>Runs that may have changed while nobody listened: those that go on, and those that were seen going on.</summary>
    private async Task<List<Guid>> ChangedUnheard(RunsDb db, CancellationToken stopping)
    {
        var unfinished = await Unfinished(db).ToListAsync(stopping);
        var ended = sent.Keys.Except(unfinished.Select(run => run.Id));
        return [.. unfinished.Where(run => run.LastSeq > sent.GetValueOrDefault(run.Id)).Select(run => run.Id), .. ended];
    }

    private static IQueryable<Progress> Unfinished(RunsDb db) => db.Runs
        .Where(run => run.Status != RunStatus.Succeeded && run.Status != RunStatus.Failed && run.Status != RunStatus.Cancelled)
        .Select(run => new Progress(run.Id, run.LastSeq));

    private sealed record Progress(Guid Id, long LastSeq);
}
