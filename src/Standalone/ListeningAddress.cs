namespace Standalone;

/// <summary>Where the service listens when nobody says so: on this machine only, where it asks for no keys.</summary>
internal static class ListeningAddress
{
    public const string Fallback = "http://127.0.0.1:5080";

    public static void Default(WebApplicationBuilder builder)
    {
        string[] settings = ["urls", "http_ports", "https_ports"];
        var said = settings.Any(setting => !string.IsNullOrEmpty(builder.Configuration[setting])) || builder.Configuration.GetSection("Kestrel:Endpoints").Exists();
        if (!said) { builder.WebHost.UseUrls(Fallback); }
        if (string.IsNullOrEmpty(builder.Configuration["Gnn:Keys"]) && IsOwnMachine(builder, said)) { builder.Configuration["Gnn:Keys"] = "off"; }
    }

    /// <summary>Who reaches a loopback address sits at the machine. An address that cannot be judged here may be anybody's.</summary>
    private static bool IsOwnMachine(WebApplicationBuilder builder, bool said)
    {
        if (!said) { return true; }
        if (builder.Configuration["http_ports"] is { Length: > 0 } || builder.Configuration["https_ports"] is { Length: > 0 } || builder.Configuration.GetSection("Kestrel:Endpoints").Exists()) { return false; }
        return (builder.Configuration["urls"] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries)
            .All(url => Uri.TryCreate(url, UriKind.Absolute, out var address) && address.IsLoopback);
    }
}
