using System.Globalization;
using Contracts;

namespace Cli;

internal static class Follower
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    /// <summary>Prints the run's progress until it ends; 0 when it succeeded.</summary>
    public static async Task<int> Follow(ApiClient api, RunSummary run)
    {
        var shown = -1L;
        while (true)
        {
            if (run.Seq != shown) { Console.WriteLine(Line(run)); }
            if (IsOver(run)) { return run.Status == RunStatus.Succeeded ? 0 : 1; }

            shown = run.Seq;
            await Task.Delay(Interval);
            run = await api.Run(run.Id);
        }
    }

    /// <summary>Follows a group to its end and prints its table; 0 when all succeeded.</summary>
    public static async Task<int> FollowToTable(ApiClient api, string group)
    {
        var runs = await FollowGroup(api, group);
        Console.WriteLine();
        Console.WriteLine(ComparisonTable.Format(runs));
        return runs.All(run => run.Status == RunStatus.Succeeded) ? 0 : 1;
    }

    /// <summary>Prints each run of a group as it ends, and the running ones' progress on a terminal, until all have ended.</summary>
    private static async Task<IReadOnlyList<RunSummary>> FollowGroup(ApiClient api, string group)
    {
        var printed = new HashSet<Guid>();
        while (true)
        {
            var runs = await api.Runs(group);
            foreach (var run in runs.Where(IsOver).OrderBy(run => run.FinishedAt).Where(run => printed.Add(run.Id)))
            {
                ClearProgress();
                Console.WriteLine($"[{printed.Count}/{runs.Count}] {Line(run)}");
            }

            if (printed.Count == runs.Count) { ClearProgress(); return runs; }

            ShowProgress(runs.Where(run => run.Status is RunStatus.Running or RunStatus.Cancelling or RunStatus.Pausing));
            await Task.Delay(Interval);
        }
    }

    public static string Line(RunSummary run)
    {
        var culture = CultureInfo.InvariantCulture;
        var line = string.Create(culture, $"{run.Id} {run.Status.ToString().ToLowerInvariant(),-10} {run.Name}, seed {run.Seed}: epoch {run.Epoch}/{run.Epochs}");
        if (run.BestValidMetric is { } valid) { line += string.Create(culture, $", valid {valid:F3}, test {run.TestMetric:F3} at epoch {run.BestEpoch}"); }
        if (run.PeakMemoryBytes is { } peak) { line += string.Create(culture, $", peak {peak / 1048576.0:F0} MiB"); }
        return run.FailureMessage is null ? line : $"{line} - {run.FailureClass}: {run.FailureMessage}";
    }

    private static bool IsOver(RunSummary run) => run.Status is RunStatus.Succeeded or RunStatus.Failed or RunStatus.Cancelled;

    private static void ShowProgress(IEnumerable<RunSummary> running)
    {
        if (Console.IsOutputRedirected) { return; }
        ClearProgress();
        Console.Write(string.Join("; ", running.Select(run => $"{run.Name}, seed {run.Seed}: epoch {run.Epoch}/{run.Epochs}")));
    }

    private static void ClearProgress()
    {
        if (!Console.IsOutputRedirected) { Console.Write("\r\e[K"); }
    }
}
