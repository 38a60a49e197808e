namespace Contracts;

/// <summary>
/// Faults of a sweep's runs, each told once: at the value of the axis it lies on, else at the member of the base, with the number of
/// combinations that have it and the first of them.
/// </summary>
internal sealed class SweepFaults(SweepSpec sweep)
{
    private readonly Dictionary<(string Path, string Message), (int Count, string First)> _found = [];
    private int _combinations;

    public void Add(int[] picks, IReadOnlyList<SpecFault> faults)
    {
        _combinations++;
        foreach (var fault in faults)
        {
            var place = Place(fault, picks);
            var (count, first) = _found.GetValueOrDefault(place);
            _found[place] = (count + 1, first ?? Sweep.Describe(sweep, picks));
        }
    }

    public IReadOnlyList<SpecFault> Take(int most) => [.. _found.Take(most).Select(fault => new SpecFault(fault.Key.Path, fault.Key.Message + Extent(fault.Value.Count, fault.Value.First)))];

    private (string Path, string Message) Place(SpecFault fault, int[] picks)
    {
        for (var i = 0; i < sweep.Axes.Count; i++)
        {
            if ($"{fault.Path}.".StartsWith($"$.{SweepGrid.PathOf(sweep.Axes[i])}.", StringComparison.OrdinalIgnoreCase))
            {
                return ($"$.axes[{i}].values[{picks[i]}]", $"{fault.Path}: {fault.Message}");
            }
        }
        return ($"$.base{fault.Path[1..]}", fault.Message);
    }

    private string Extent(int count, string first) =>
        count == _combinations ? "" : $"; in {count} of {_combinations} combinations, the first with {first}";
}
