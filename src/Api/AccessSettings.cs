namespace Api;

/// <summary>Who may come in.</summary>
public sealed record AccessSettings
{
    public const int ShortestAdminKey = 32;

    /// <summary>Setting <c>Gnn:Keys</c>: "required" (the default) or "off", which only a service that listens to its own machine alone should be.</summary>
    public required bool KeysRequired { get; init; }

    /// <summary>Setting <c>Gnn:AdminKey</c>, or the content of the file <c>Gnn:AdminKeyFile</c>: the key that makes the first keys.</summary>
    public string? AdminKey { get; init; }

    /// <summary>Setting <c>Gnn:CorsOrigins</c>: origins, separated by commas, whose pages may call the API; none by default.</summary>
    public IReadOnlyList<string> CorsOrigins { get; init; } = [];

    /// <summary>Setting <c>Gnn:RequestsPerSecond</c> for each key or, without one, each address; ten times as many may come at once.</summary>
    public int RequestsPerSecond { get; init; } = 200;

    /// <exception cref="InvalidOperationException">A setting has a value that cannot be used. No message repeats a key.</exception>
    public static AccessSettings From(IConfiguration configuration)
    {
        var keys = configuration["Gnn:Keys"] is { Length: > 0 } said ? said : "required";
        if (keys is not ("required" or "off")) { throw new InvalidOperationException($"Setting Gnn:Keys: found \"{keys}\", needed \"required\" or \"off\""); }

        var admin = SecretOf(configuration, "Gnn:AdminKey");
        if (admin is { Length: < ShortestAdminKey })
        {
            throw new InvalidOperationException($"Setting Gnn:AdminKey: found {admin.Length} characters, needed at least {ShortestAdminKey} that nobody can guess");
        }

        var rate = configuration["Gnn:RequestsPerSecond"] is { Length: > 0 } text ? text : "200";
        if (!int.TryParse(rate, out var perSecond) || perSecond is < 1 or > 1_000_000)
        {
            throw new InvalidOperationException($"Setting Gnn:RequestsPerSecond: found \"{rate}\", needed a whole number from 1 to 1000000");
        }

        return new AccessSettings
        {
            KeysRequired = keys == "required",
            AdminKey = admin,
            RequestsPerSecond = perSecond,
            CorsOrigins = configuration["Gnn:CorsOrigins"]?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [],
        };
    }

    private static string? SecretOf(IConfiguration configuration, string setting)
    {
        if (configuration[setting] is { Length: > 0 } value) { return value; }
        return configuration[setting + "File"] is { Length: > 0 } file ? File.ReadAllText(file).Trim() : null;
    }
}
