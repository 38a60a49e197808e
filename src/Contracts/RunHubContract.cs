namespace Contracts;

/// <summary>
/// Messages of the hub at <see cref="RunHub.Path"/>. A client calls <c>WatchRun(id)</c> to join a run's group (or <c>WatchRuns()</c>
/// for the list), then fetches the history over REST, then drops what it has by <c>seq</c>: nothing stored is ever missing.
/// </summary>
public interface IRunClient
{
    /// <summary>To the list's group: the run's row changed.</summary>
    Task RunChanged(RunSummary run);

    /// <summary>
    /// To the run's group: its row changed. With it come the epochs and events stored since the last message; there may be none, and then
    /// <see cref="RunHistory.Seq"/> is the last number that was sent.
    /// </summary>
    Task RunProgressed(RunSummary run, RunHistory added);
}

/// <summary>What a client may call on the hub.</summary>
public interface IRunHub
{
    /// <summary>Joins the group of one run.</summary>
    Task WatchRun(Guid id);

    /// <summary>Joins the group of the runs list.</summary>
    Task WatchRuns();
}

public static class RunHub
{
    public const string Path = "/hubs/runs";
}
