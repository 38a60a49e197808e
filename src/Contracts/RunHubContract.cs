namespace Contracts;

/// <summary>
/// Messages of the hub at <see cref="RunHub.Path"/>. A client calls <c>WatchRun(id)</c> to join a run's group (or <c>WatchRuns()</c>
/// for the list), then fetches the history over REST, then drops what it has by <c>seq</c>: nothing stored is ever missing.
/// </summary>
public interface IRunClient
{
    /// <summary>To the run's group and to the list's: the run's row changed.</summary>
    Task RunChanged(RunSummary run);

    /// <summary>To the run's group: epochs and events stored since the last message.</summary>
    Task RunProgressed(Guid runId, RunHistory added);
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
