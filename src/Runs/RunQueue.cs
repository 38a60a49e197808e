using System.Text.Json;
using Contracts;
using Microsoft.EntityFrameworkCore;

namespace Runs;

/// <summary>
/// Runs from creation to a worker's hands. Each change is one transaction that locks the row, asks <see cref="RunTransitions"/>, and
/// updates on the condition that status and attempt are still those.
/// </summary>
public sealed class RunQueue(RunStore store, RunsSettings settings, TrainBell bell)
{
    /// <summary>With a sweep each second, a worker that falls silent is taken for lost within 30 s of its last sign of life.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(28);

    /// <summary>Silence after which a worker is shown as late: three renewals in a row did not come.</summary>
    public static readonly TimeSpan LateAfter = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Stores the run, then rings. A crash in between costs a sweep's delay, nothing else. <paramref name="keep"/> makes the answer that is kept
    /// in the same transaction.
    /// </summary>
    public async Task<Run> Create(RunSpec spec, CancellationToken cancellation, int priority = 0, Guid? clonedFrom = null, Func<Run, KeptAnswer>? keep = null)
    {
        var created = await store.Write(async db =>
        {
            var run = Run.Create(spec, await db.Now(cancellation), priority, clonedFrom);
            db.Runs.Add(run);
            db.Tell(run, EventRow.StatusKind, run.CreatedAt, clonedFrom is null ? "queued" : $"queued; repeats run {clonedFrom}", body: null);
            db.Note("create", run.Id, run.CreatedAt, run.Name);
            if (keep is not null) { await db.Keep(keep(run), cancellation); }
            return run;
        }, cancellation);
        bell.Ring();
        return created;
    }

    /// <summary>Stores all of the runs or none, to be claimed in their order.</summary>
    public async Task<IReadOnlyList<Run>> CreateAll(IReadOnlyList<RunSpec> specs, CancellationToken cancellation, Func<IReadOnlyList<Run>, KeptAnswer>? keep = null)
    {
        var created = await store.Write(async db =>
        {
            var now = await db.Now(cancellation);
            // A microsecond apart, the finest that both stores keep: equal ages would be claimed in any order.
            var runs = specs.Select((spec, i) => Run.Create(spec, now.AddMicroseconds(i))).ToList();
            db.Runs.AddRange(runs);
            foreach (var run in runs)
            {
                db.Tell(run, EventRow.StatusKind, run.CreatedAt, "queued", body: null);
                db.Note("create", run.Id, run.CreatedAt, run.Name);
            }
            if (keep is not null) { await db.Keep(keep(runs), cancellation); }
            return runs;
        }, cancellation);
        bell.Ring(created.Count);
        return created;
    }

    /// <summary>The best queued run whose estimate is within <paramref name="memoryBytes"/>, or null: then the ticket was one too many, or another worker's.</summary>
    public Task<ClaimedRun?> Claim(string worker, CancellationToken cancellation, long memoryBytes = long.MaxValue) => store.Write(async db =>
    {
        if (await db.LockNextQueued(memoryBytes, cancellation) is not { } run) { return null; }

        var now = await db.Now(cancellation);
        run.Attempt++;
        run.Worker = worker;
        RunTelemetry.Claimed(run.StartedAt is null ? now - run.CreatedAt : null);
        run.StartedAt ??= now;
        db.Move(run, RunAction.Claim, now, $"running; attempt {run.Attempt} on {worker}");
        run.LeaseUntil = now + Lease;
        var artifacts = settings.ArtifactsFolder(run.Id);
        return new ClaimedRun
        {
            Id = run.Id,
            Attempt = run.Attempt,
            Spec = run.ReadSpec(),
            EstimatedMemoryBytes = run.EstimatedMemoryBytes,
            ArtifactsFolder = artifacts,
            CheckpointPath = run.CheckpointPath is null ? null : Path.Combine(artifacts, run.CheckpointPath),
            CheckpointSha256 = run.CheckpointSha256,
            BestCheckpoint = run.BestCheckpointPath,
            TraceParent = run.TraceParent,
        };
    }, cancellation);

    /// <summary>Every checkpoint that was registered for the run, by whichever attempt, in their order.</summary>
    public async Task<IReadOnlyList<CheckpointEvent>> Checkpoints(Guid runId, CancellationToken cancellation)
    {
        await using var db = store.Open();
        var bodies = await db.Events.Where(row => row.RunId == runId && row.Kind == EventRow.CheckpointKind).OrderBy(row => row.Seq).Select(row => row.Body!).ToListAsync(cancellation);
        return [.. bodies.Select(body => JsonSerializer.Deserialize<TrainerEvent>(body, ContractJson.Options)).OfType<CheckpointEvent>()];
    }

    public async Task<LeaseAnswer> Renew(Guid runId, int attempt, CancellationToken cancellation)
    {
        await using var db = store.Open();
        var until = await db.Now(cancellation) + Lease;
        var held = Held(db).Where(run => run.Id == runId && run.Attempt == attempt);
        if (await held.ExecuteUpdateAsync(row => row.SetProperty(run => run.LeaseUntil, until), cancellation) == 0) { return LeaseAnswer.Lost; }

        // Should it end between the two, the next renewal says so.
        return await held.Select(run => (RunStatus?)run.Status).SingleOrDefaultAsync(cancellation) switch
        {
            RunStatus.Cancelling => LeaseAnswer.CancelRequested,
            RunStatus.Pausing => LeaseAnswer.PauseRequested,
            _ => LeaseAnswer.Held,
        };
    }

    /// <summary>A worker that leaves in good order: the run waits again, and no attempt is used up. False: it was not held any more.</summary>
    public async Task<bool> HandBack(Guid runId, int attempt, CancellationToken cancellation)
    {
        var handedBack = await store.Write(async db =>
        {
            if (await db.LockRun(runId, cancellation) is not { } run || !run.IsHeldBy(attempt)) { return false; }

            var now = await db.Now(cancellation);
            var leaving = run.Status == RunStatus.Running ? $"; {run.Worker} is leaving" : "";
            db.Move(run, RunAction.HandBack, now, RunMoves.WordFor(run, RunAction.HandBack) + leaving);
            return true;
        }, cancellation);
        if (handedBack) { bell.Ring(); }
        return handedBack;
    }

    public Task<UserAnswer> Cancel(Guid runId, CancellationToken cancellation) => Ask(runId, RunAction.Cancel, cancellation);

    public Task<UserAnswer> Pause(Guid runId, CancellationToken cancellation) => Ask(runId, RunAction.Pause, cancellation);

    public async Task<UserAnswer> Resume(Guid runId, CancellationToken cancellation)
    {
        var answer = await Ask(runId, RunAction.Resume, cancellation);
        if (answer == UserAnswer.Accepted) { bell.Ring(); }
        return answer;
    }

    private Task<UserAnswer> Ask(Guid runId, RunAction action, CancellationToken cancellation) => store.Write(async db =>
    {
        if (await db.LockRun(runId, cancellation) is not { } run) { return UserAnswer.Unknown; }
        if (RunTransitions.Next(run.Status, action) is not { } next) { return UserAnswer.Refused; }
        if (next != run.Status) { db.Move(run, action, await db.Now(cancellation), ContractJson.NameOf(next)); }
        return UserAnswer.Accepted;
    }, cancellation);

    /// <summary>Runs whose worker is late.</summary>
    public async Task<List<Guid>> Late(CancellationToken cancellation)
    {
        await using var db = store.Open();
        var renewedBefore = await db.Now(cancellation) - LateAfter + Lease;
        return await Held(db).Where(run => run.LeaseUntil < renewedBefore).Select(run => run.Id).ToListAsync(cancellation);
    }

    /// <summary>Runs whose lease is over: queued again while attempts are left, else failed as lost. How many there were.</summary>
    public async Task<int> RequeueLost(CancellationToken cancellation)
    {
        await using var db = store.Open();
        var now = await db.Now(cancellation);
        var lost = await Held(db).Where(run => run.LeaseUntil < now).Select(run => run.Id).ToListAsync(cancellation);
        return await Lose(lost, (run, at) => run.LeaseUntil < at,
            run => $"{run.Worker} was lost: no sign of life for {Lease.TotalSeconds:0} s", cancellation);
    }

    /// <summary>For the start of a worker process: what is leased to its own name belongs to a process that is no more.</summary>
    public async Task<int> RequeueOwn(string worker, CancellationToken cancellation)
    {
        await using var db = store.Open();
        var own = await Held(db).Where(run => run.Worker == worker).Select(run => run.Id).ToListAsync(cancellation);
        return await Lose(own, (run, _) => run.Worker == worker, _ => $"{worker} was restarted while it held the run", cancellation);
    }

    private static IQueryable<Run> Held(RunsDb db) => db.Runs
        .Where(run => run.Status == RunStatus.Running || run.Status == RunStatus.Cancelling || run.Status == RunStatus.Pausing);

    private async Task<int> Lose(List<Guid> suspects, Func<Run, DateTimeOffset, bool> isLost, Func<Run, string> why, CancellationToken cancellation)
    {
        var count = 0;
        foreach (var id in suspects)
        {
            var lost = await store.Write(async db =>
            {
                // Looked at again under the lock: it may have come back, or another sweeper was faster.
                var now = await db.Now(cancellation);
                if (await db.LockRun(id, cancellation) is not { } run || !RunTransitions.IsHeld(run.Status) || !isLost(run, now)) { return false; }

                db.LoseAttempt(run, FailureClass.Lost, now, why(run));
                return true;
            }, cancellation);
            if (lost)
            {
                count++;
                bell.Ring();
            }
        }
        return count;
    }
}
