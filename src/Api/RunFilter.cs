using Contracts;
using Microsoft.EntityFrameworkCore;
using Runs;

namespace Api;

/// <summary>Which runs a list or an export is about.</summary>
internal static class RunFilter
{
    /// <summary>A fault where the query says something that no run has.</summary>
    public static (IQueryable<Run> Runs, SpecFault? Fault) Apply(RunsDb db, string? status, string? group)
    {
        var runs = db.Runs.AsNoTracking();
        if (!string.IsNullOrEmpty(status))
        {
            var names = status.Split(',', StringSplitOptions.TrimEntries);
            var wanted = Enum.GetValues<RunStatus>().Where(known => names.Contains(ContractJson.NameOf(known))).ToList();
            if (names.Any(name => !wanted.Exists(known => ContractJson.NameOf(known) == name)))
            {
                return (runs, new SpecFault("status", $"found \"{status}\", needed some of {string.Join(",", Enum.GetValues<RunStatus>().Select(known => ContractJson.NameOf(known)))}"));
            }
            runs = runs.Where(run => wanted.Contains(run.Status));
        }
        if (string.IsNullOrEmpty(group)) { return (runs, null); }
        return group.Any(char.IsControl) ? (runs, new SpecFault("group", "found control characters, needed none")) : (runs.Where(run => run.Group == group), null);
    }

    /// <summary>Newest first; those that come after <paramref name="last"/> in that order.</summary>
    public static IQueryable<Run> After(this IQueryable<Run> runs, RunCursor? last)
    {
        if (last is { } after) { runs = runs.Where(run => run.CreatedAt < after.CreatedAt || (run.CreatedAt == after.CreatedAt && run.Id.CompareTo(after.Id) < 0)); }
        return runs.OrderByDescending(run => run.CreatedAt).ThenByDescending(run => run.Id);
    }
}
