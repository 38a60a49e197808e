using Contracts;

namespace Runs;

/// <summary>What may happen to a run, as seen by the runs table.</summary>
public enum RunAction
{
    /// <summary>A worker takes it.</summary>
    Claim,

    /// <summary>A user wants it to end.</summary>
    Cancel,

    /// <summary>A user wants it to wait: checkpoint, and the device is free.</summary>
    Pause,

    /// <summary>A user wants it to go on.</summary>
    Resume,

    /// <summary>The Trainer reached the end.</summary>
    Succeed,

    /// <summary>It ended for a reason that another attempt would not cure, or no attempts are left.</summary>
    Fail,

    /// <summary>The attempt was lost and another may follow.</summary>
    Retry,

    /// <summary>The worker is leaving in good order and gives the run back.</summary>
    HandBack,
}

/// <summary>The whole life of a run in one table: (status, action) gives the next status, or null where the action is refused.</summary>
public static class RunTransitions
{
    public static RunStatus? Next(RunStatus status, RunAction action) => (status, action) switch
    {
        (RunStatus.Queued, RunAction.Claim) => RunStatus.Running,
        (RunStatus.Queued, RunAction.Cancel) => RunStatus.Cancelled,
        (RunStatus.Queued, RunAction.Pause) => RunStatus.Paused,
        (RunStatus.Queued, RunAction.Resume) => RunStatus.Queued,

        (RunStatus.Running, RunAction.Cancel) => RunStatus.Cancelling,
        (RunStatus.Running, RunAction.Succeed) => RunStatus.Succeeded,
        (RunStatus.Running, RunAction.Fail) => RunStatus.Failed,
        (RunStatus.Running, RunAction.Retry) => RunStatus.Queued,
        (RunStatus.Running, RunAction.HandBack) => RunStatus.Queued,
        (RunStatus.Running, RunAction.Pause) => RunStatus.Pausing,
        (RunStatus.Running, RunAction.Resume) => RunStatus.Running,

        // The device is given up first. Who resumes meanwhile finds the run queued then.
        (RunStatus.Pausing, RunAction.Pause) => RunStatus.Pausing,
        (RunStatus.Pausing, RunAction.Resume) => RunStatus.Running,
        (RunStatus.Pausing, RunAction.Cancel) => RunStatus.Cancelling,
        (RunStatus.Pausing, RunAction.Succeed) => RunStatus.Succeeded,
        (RunStatus.Pausing, RunAction.Fail) => RunStatus.Failed,
        (RunStatus.Pausing, RunAction.Retry) => RunStatus.Paused,
        (RunStatus.Pausing, RunAction.HandBack) => RunStatus.Paused,

        (RunStatus.Paused, RunAction.Pause) => RunStatus.Paused,
        (RunStatus.Paused, RunAction.Resume) => RunStatus.Queued,
        (RunStatus.Paused, RunAction.Cancel) => RunStatus.Cancelled,

        // Cancel was promised: however the attempt ends now, the run ends cancelled.
        (RunStatus.Cancelling, RunAction.Cancel) => RunStatus.Cancelling,
        (RunStatus.Cancelling, RunAction.Succeed) => RunStatus.Cancelled,
        (RunStatus.Cancelling, RunAction.Fail) => RunStatus.Cancelled,
        (RunStatus.Cancelling, RunAction.Retry) => RunStatus.Cancelled,
        (RunStatus.Cancelling, RunAction.HandBack) => RunStatus.Cancelled,

        (RunStatus.Cancelled, RunAction.Cancel) => RunStatus.Cancelled,
        _ => null,
    };

    /// <summary>What users may ask for.</summary>
    public static IReadOnlyList<RunAction> ForUsers { get; } = [RunAction.Cancel, RunAction.Pause, RunAction.Resume];

    public static bool IsFinal(RunStatus status) => status is RunStatus.Succeeded or RunStatus.Failed or RunStatus.Cancelled;

    /// <summary>Whether an attempt holds the run and may write to it.</summary>
    public static bool IsHeld(RunStatus status) => status is RunStatus.Running or RunStatus.Cancelling or RunStatus.Pausing;
}
