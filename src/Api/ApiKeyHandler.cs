using System.Security.Claims;
using System.Text;
using System.Text.Encodings.Web;
using Contracts;
using Microsoft.AspNetCore.Authentication;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Runs;

namespace Api;

/// <summary>
/// Reads a key from <c>Authorization: Bearer</c>; from a browser's password prompt (Basic, any user name) for the pages; and, for the hub
/// alone, whose browsers cannot send headers, from the query, which <see cref="AccessSetup"/> takes out of the address at once.
/// </summary>
internal sealed class ApiKeyHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, AccessSettings access, RunStore store, TimeProvider time)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "ApiKey";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!access.KeysRequired) { return Success("local", "local", KeyScope.Admin); }
        if (TokenOf() is not { Length: > 0 } token) { return AuthenticateResult.NoResult(); }
        if (access.AdminKey is { } admin && ApiKey.IsSame(ApiKey.Hash(admin), ApiKey.Hash(token))) { return Success("admin", "admin", KeyScope.Admin); }
        if (ApiKey.Read(token) is not { } read) { return AuthenticateResult.Fail("not a key"); }

        await using var db = store.Open();
        var key = await db.Keys.AsNoTracking().SingleOrDefaultAsync(row => row.Id == read.Id, Context.RequestAborted);
        return key is not null && key.Opens(read.Secret, time.GetUtcNow()) ? Success(key.Id, key.Name, key.Scope) : AuthenticateResult.Fail("unknown, expired or revoked");
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.StatusCode = StatusCodes.Status401Unauthorized;
        Response.Headers.WWWAuthenticate = Request.Path.StartsWithSegments(AccessSetup.HangfirePath) ? "Basic realm=\"GnnService\"" : "Bearer";
        return Task.CompletedTask;
    }

    private string? TokenOf()
    {
        if (Context.Items[AccessSetup.HubToken] is string fromQuery) { return fromQuery; }
        var header = Request.Headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)) { return header[7..].Trim(); }
        if (!header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase) || !Request.Path.StartsWithSegments(AccessSetup.HangfirePath)) { return null; }

        var decoded = new byte[header.Length];
        return Convert.TryFromBase64String(header[6..].Trim(), decoded, out var length) && Encoding.UTF8.GetString(decoded, 0, length).Split(':', 2) is [_, var password] ? password : null;
    }

    private static AuthenticateResult Success(string id, string name, KeyScope scope)
    {
        var identity = new ClaimsIdentity(SchemeName, ClaimTypes.Name, ClaimTypes.Role);
        identity.AddClaim(new Claim(ClaimTypes.NameIdentifier, id));
        identity.AddClaim(new Claim(ClaimTypes.Name, name));
        for (var granted = KeyScope.Viewer; granted <= scope; granted++) { identity.AddClaim(new Claim(ClaimTypes.Role, ContractJson.NameOf(granted))); }
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), SchemeName));
    }
}
