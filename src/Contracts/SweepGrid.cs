using System.Text.Json;
using System.Text.RegularExpressions;

namespace Contracts;

/// <summary>The combinations that a sweep asks for: for each axis the place of one of its values.</summary>
internal static partial class SweepGrid
{
    /// <summary>Few enough that the number of combinations fits 64 bits.</summary>
    public const int MaxAxes = 8;
    public const int MaxValues = 200;

    private static readonly string[] OwnMembers = ["name", "group", "seed"];

    /// <summary>The path from the root, with or without "$." in front.</summary>
    public static string[] Steps(SweepAxis axis) => (axis.Path.StartsWith("$.", StringComparison.Ordinal) ? axis.Path[2..] : axis.Path).Split('.');

    public static string PathOf(SweepAxis axis) => string.Join('.', Steps(axis));

    /// <summary>Faults of the sweep's form; what its runs lack is told by <see cref="Sweep.Runs"/>.</summary>
    public static IReadOnlyList<SpecFault> Faults(SweepSpec sweep)
    {
        var faults = new List<SpecFault>();
        if (sweep.Axes.Count > MaxAxes) { faults.Add(new("$.axes", $"found {sweep.Axes.Count} axes, needed at most {MaxAxes}")); }
        for (var i = 0; i < sweep.Axes.Count; i++) { CheckAxis(sweep, i, faults); }
        if (sweep.Seeds.Distinct().Count() < sweep.Seeds.Count) { faults.Add(new("$.seeds", $"found {string.Join(", ", sweep.Seeds)}, needed each seed once")); }
        if (faults.Count > 0) { return faults; }

        var grid = Size(sweep);
        if (sweep.Random is { } draw && (draw.Count < 1 || draw.Count > grid))
        {
            return [new("$.random.count", $"found {draw.Count}, needed a number from 1 to {grid}, the combinations of the grid")];
        }

        var (combinations, seeds) = (sweep.Random?.Count ?? grid, Math.Max(1, sweep.Seeds.Count));
        return combinations > Sweep.MaxRuns / seeds
            ? [new("$.axes", $"found {(decimal)combinations * seeds} runs ({combinations} combinations with {seeds} {(seeds == 1 ? "seed" : "seeds")} each), needed at most {Sweep.MaxRuns}")]
            : [];
    }

    /// <summary>In the order of the grid, the last axis fastest.</summary>
    public static IEnumerable<int[]> Combinations(SweepSpec sweep)
    {
        var grid = Size(sweep);
        if (sweep.Random is not { } draw) { return Enumerable.Range(0, (int)grid).Select(at => At(sweep, at)); }

        var random = new Random(draw.Seed);
        var drawn = new SortedSet<long>();
        while (drawn.Count < draw.Count) { drawn.Add(random.NextInt64(grid)); }
        return drawn.Select(at => At(sweep, at));
    }

    private static long Size(SweepSpec sweep) => sweep.Axes.Aggregate(1L, (size, axis) => size * axis.Values.Count);

    private static int[] At(SweepSpec sweep, long at)
    {
        var picks = new int[sweep.Axes.Count];
        for (var i = picks.Length - 1; i >= 0; i--) { (at, picks[i]) = (at / sweep.Axes[i].Values.Count, (int)(at % sweep.Axes[i].Values.Count)); }
        return picks;
    }

    private static void CheckAxis(SweepSpec sweep, int i, List<SpecFault> faults)
    {
        if (sweep.Axes[i] is not { } axis) { faults.Add(new($"$.axes[{i}]", "found null, needed an axis")); return; }

        var path = $"$.axes[{i}].path";
        var own = PathOf(axis);
        if (!MemberPath().IsMatch(axis.Path)) { faults.Add(new(path, $"found \"{axis.Path}\", needed the path of a member, like model.layers")); }
        else if (OwnMembers.Contains(own, StringComparer.OrdinalIgnoreCase)) { faults.Add(new(path, $"found \"{axis.Path}\", needed another member: seeds are a list of their own, name and group are made")); }
        else if (sweep.Axes.Take(i).FirstOrDefault(other => other is not null && Overlap(own, PathOf(other))) is { } other)
        {
            faults.Add(new(path, $"found \"{axis.Path}\" beside the axis \"{other.Path}\", needed axes of different members"));
        }

        var values = $"$.axes[{i}].values";
        if (axis.Values.Count is 0 or > MaxValues) { faults.Add(new(values, $"found {axis.Values.Count} values, needed 1 to {MaxValues}")); }
        else if (axis.Values.Where((value, at) => axis.Values.Take(at).Any(before => JsonElement.DeepEquals(before, value))).Select(value => value.GetRawText()).FirstOrDefault() is { } twice)
        {
            faults.Add(new(values, $"found {twice} more than once, needed each value once"));
        }
    }

    private static bool Overlap(string one, string other) =>
        $"{one}.".StartsWith($"{other}.", StringComparison.OrdinalIgnoreCase) || $"{other}.".StartsWith($"{one}.", StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"^(\$\.)?[A-Za-z]+(\.[A-Za-z]+)*\z")]
    private static partial Regex MemberPath();
}
