namespace Faults;

/// <summary>Something that goes wrong, and the assertion that it ends well: the text says what was seen.</summary>
internal sealed record Fault(string Name, bool IsQuick, Func<Site, Task<string>> Inflict);

/// <summary>It did not end well.</summary>
internal sealed class FaultException(string message) : Exception(message);

internal static class Require
{
    public static void That(bool holds, string what)
    {
        if (!holds) { throw new FaultException(what); }
    }

    public static void Equal<T>(T needed, T found, string what) => That(EqualityComparer<T>.Default.Equals(needed, found), $"{what}: found {found}, needed {needed}");
}

internal static class AllFaults
{
    public static IReadOnlyList<Fault> List { get; } =
    [
        .. TicketFaults.List, .. KillFaults.List, .. OutageFaults.List, .. CheckpointFaults.List, .. EndFaults.List, .. MemoryFaults.List, .. LoadFaults.List,
    ];
}
