namespace Web;

public sealed record ApiOptions
{
    /// <summary>Where the API is, for example "http://localhost:8080"; empty when it runs in this very host.</summary>
    public string? Url { get; init; }

    /// <summary>The key that the dashboard calls the API with, itself or in a file; who opens the dashboard is asked for the same key.</summary>
    public string? Key { get; init; }
    public string? KeyFile { get; init; }

    public string? Secret => !string.IsNullOrEmpty(Key) ? Key : !string.IsNullOrEmpty(KeyFile) ? File.ReadAllText(KeyFile).Trim() : null;

    public bool IsValid => string.IsNullOrEmpty(Url) || (Uri.TryCreate(Url, UriKind.Absolute, out var url) && url.Scheme is "http" or "https");
}
