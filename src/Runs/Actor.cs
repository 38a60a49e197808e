namespace Runs;

/// <summary>Who acts, for the audit: set where a request or a job begins, and seen by all that it calls.</summary>
public static class Actor
{
    private static readonly AsyncLocal<string?> Present = new();

    /// <summary>A key's name, a worker's name, or the service itself.</summary>
    public static string Name
    {
        get => Present.Value ?? "service";
        set => Present.Value = value;
    }
}
