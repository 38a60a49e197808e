using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace Web;

/// <summary>Where the API is: as set, or this very host, whose address is known once it listens.</summary>
public sealed class ApiAddress(IOptions<ApiOptions> options, IServer server)
{
    public Uri Value => string.IsNullOrEmpty(options.Value.Url) ? Own() : new Uri(options.Value.Url.TrimEnd('/') + "/");

    /// <summary>Whether the API's address is the one the browser uses too.</summary>
    public bool IsOwn => string.IsNullOrEmpty(options.Value.Url);

    /// <summary>The key for it; null where none is asked for.</summary>
    public string? Secret { get; } = options.Value.Secret;

    public override string ToString() => Value.ToString().TrimEnd('/');

    private Uri Own()
    {
        var addresses = server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        var address = addresses.FirstOrDefault(a => a.StartsWith("http:", StringComparison.OrdinalIgnoreCase)) ?? addresses.FirstOrDefault()
            ?? throw new InvalidOperationException("setting Api:Url: found nothing, and this host has no address of its own yet");
        // "Any address" is for listening; calling needs a real one.
        foreach (var any in (string[])["://+", "://*", "://0.0.0.0", "://[::]"]) { address = address.Replace(any, "://127.0.0.1", StringComparison.Ordinal); }
        return new Uri(address.TrimEnd('/') + "/");
    }
}
