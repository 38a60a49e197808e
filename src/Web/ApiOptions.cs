namespace Web;

public sealed record ApiOptions
{
    /// <summary>Where the API is, for example "http://localhost:8080"; empty when it runs in this very host.</summary>
    public string? Url { get; init; }

    public bool IsValid => string.IsNullOrEmpty(Url) || (Uri.TryCreate(Url, UriKind.Absolute, out var url) && url.Scheme is "http" or "https");
}
