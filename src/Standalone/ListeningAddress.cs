namespace Standalone;

/// <summary>Where the service listens when nobody says so: on this machine only, for it asks for no keys.</summary>
internal static class ListeningAddress
{
    public const string Fallback = "http://127.0.0.1:5080";

    public static void Default(WebApplicationBuilder builder)
    {
        string[] settings = ["urls", "http_ports", "https_ports"];
        var said = settings.Any(setting => !string.IsNullOrEmpty(builder.Configuration[setting])) || builder.Configuration.GetSection("Kestrel:Endpoints").Exists();
        if (!said) { builder.WebHost.UseUrls(Fallback); }
    }
}
