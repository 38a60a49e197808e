using System.Text;
using Contracts;

namespace Runs;

/// <summary>Changes of a locked run, each with the event row that tells it. The transaction around them is the caller's.</summary>
public static class RunMoves
{
    /// <summary>Longest text kept of a message; a crash can write a whole stack.</summary>
    private const int MaxMessage = 4_000;

    internal static void Move(this RunsDb db, Run run, RunAction action, DateTimeOffset now, string message)
    {
        run.Status = RunTransitions.Next(run.Status, action)
            ?? throw new InvalidOperationException($"{action} of a run that is {run.Status}: ask RunTransitions first");
        if (!RunTransitions.IsHeld(run.Status)) { run.LeaseUntil = null; }
        if (RunTransitions.IsFinal(run.Status)) { run.FinishedAt = now; }
        db.Tell(run, EventRow.StatusKind, now, message, body: null);
        db.Note(ContractJson.NameOf(action), run.Id, now, message);
    }

    /// <summary>A row of the audit: what was done, by whoever acts now.</summary>
    public static void Note(this RunsDb db, string action, Guid? run, DateTimeOffset at, string detail) =>
        db.Audit.Add(new AuditRow { At = at, Actor = Actor.Name, Action = action, RunId = run, Detail = Storable(detail) });

    /// <summary>The attempt ended through no fault of the run: back to the queue while attempts are left.</summary>
    internal static void LoseAttempt(this RunsDb db, Run run, FailureClass failure, DateTimeOffset now, string why)
    {
        var left = RetryBudget.Spend(run, failure);
        if (left > 0)
        {
            db.Move(run, RunAction.Retry, now, $"{WordFor(run, RunAction.Retry)}; {why}; attempts left for this reason: {left}");
        }
        else
        {
            var budget = RetryBudget.Of(failure);
            db.Fail(run, failure, now, budget > 1 ? $"{why}; no attempts left of {budget}" : why);
        }
    }

    /// <summary>How the status that follows is told.</summary>
    internal static string WordFor(Run run, RunAction action) => RunTransitions.Next(run.Status, action) switch
    {
        RunStatus.Queued => "queued again",
        { } next => ContractJson.NameOf(next),
        null => "unchanged",
    };

    internal static void Fail(this RunsDb db, Run run, FailureClass failure, DateTimeOffset now, string why)
    {
        if (RunTransitions.Next(run.Status, RunAction.Fail) == RunStatus.Failed)
        {
            run.FailureClass = failure;
            run.FailureMessage = Storable(why);
        }
        db.Move(run, RunAction.Fail, now, run.Status == RunStatus.Cancelling ? $"cancelled; {why}" : $"failed; {why}");
    }

    internal static void Tell(this RunsDb db, Run run, string kind, DateTimeOffset at, string message, string? body) =>
        db.Events.Add(new EventRow
        {
            RunId = run.Id,
            Seq = ++run.LastSeq,
            Attempt = run.Attempt,
            At = at.ToUniversalTime(),
            Kind = kind,
            Message = Storable(message),
            Body = body,
        });

    // Postgres refuses NUL and halves of surrogate pairs: a dying process may write the one, the cut may leave the other.
    private static string Storable(string text)
    {
        var cut = text.Length > MaxMessage ? text[..MaxMessage] + "…" : text;
        return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(cut)).Replace('\0', '\uFFFD');
    }
}
