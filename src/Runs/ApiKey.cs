using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Contracts;

namespace Runs;

/// <summary>A key as it is stored: never the secret, only its hash. A token reads <c>gnn_ID_SECRET</c>, with 256 random bits.</summary>
public sealed class ApiKey
{
    private const int IdBytes = 6;
    private const int SecretBytes = 32;
    private const string Prefix = "gnn_";

    public required string Id { get; init; }
    public required string Name { get; init; }
    public KeyScope Scope { get; init; }
    public required string SecretSha256 { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public DateTimeOffset? RevokedAt { get; set; }

    /// <summary>A fresh key and its token, which is told once and kept nowhere.</summary>
    public static (ApiKey Key, string Token) Create(string name, KeyScope scope, DateTimeOffset now, DateTimeOffset? expires)
    {
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes));
        var secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));
        return (new ApiKey { Id = id, Name = name, Scope = scope, SecretSha256 = Hash(secret), CreatedAt = now, ExpiresAt = expires }, $"{Prefix}{id}_{secret}");
    }

    /// <summary>The id and the secret of a token; null for a text that is none.</summary>
    public static (string Id, string Secret)? Read(string token)
    {
        if (!token.StartsWith(Prefix, StringComparison.Ordinal) || token.Length > 200) { return null; }
        var parts = token[Prefix.Length..].Split('_', 2);
        return parts.Length == 2 && parts[0].Length == 2 * IdBytes && parts[0].All(char.IsAsciiHexDigitLower) ? (parts[0], parts[1]) : null;
    }

    public bool Opens(string secret, DateTimeOffset now) =>
        IsSame(SecretSha256, Hash(secret)) && RevokedAt is null && (ExpiresAt is null || ExpiresAt > now);

    /// <summary>Compares in a time that does not tell how much was right.</summary>
    public static bool IsSame(string one, string other) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(one), Encoding.UTF8.GetBytes(other));

    public static string Hash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    public KeyInfo ToInfo() => new() { Id = Id, Name = Name, Scope = Scope, CreatedAt = CreatedAt, ExpiresAt = ExpiresAt, RevokedAt = RevokedAt };
}
