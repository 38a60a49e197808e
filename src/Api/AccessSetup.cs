using System.Globalization;
using System.Net;
using System.Threading.RateLimiting;
using Contracts;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;
using Runs;

namespace Api;

/// <summary>Keys, scopes, rates and origins of everything that the API serves.</summary>
internal static class AccessSetup
{
    public const string HangfirePath = "/hangfire";
    public const string HubToken = "hub-token";
    private const string QueryToken = "access_token";

    public static void AddAccess(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton(provider => AccessSettings.From(provider.GetRequiredService<IConfiguration>()));
        services.AddAuthentication(ApiKeyHandler.SchemeName).AddScheme<AuthenticationSchemeOptions, ApiKeyHandler>(ApiKeyHandler.SchemeName, null);
        var authorization = services.AddAuthorizationBuilder();
        foreach (var scope in Enum.GetValues<KeyScope>())
        {
            authorization.AddPolicy(ContractJson.NameOf(scope), new AuthorizationPolicyBuilder(ApiKeyHandler.SchemeName).RequireRole(ContractJson.NameOf(scope)).Build());
        }
        services.AddCors();
        services.AddRateLimiter(limiter =>
        {
            limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            var requests = PartitionedRateLimiter.Create<HttpContext, string>(Limit);
            limiter.OnRejected = (rejected, _) =>
            {
                TellRate(rejected.HttpContext, requests);
                rejected.HttpContext.Response.Headers.RetryAfter = "1";
                return ValueTask.CompletedTask;
            };
            limiter.GlobalLimiter = requests;
        });
    }

    /// <summary>Before anything looks at the address, or writes it down: the hub's key leaves the query.</summary>
    public static void UseAccess(this WebApplication app)
    {
        var access = app.Services.GetRequiredService<AccessSettings>();
        app.Use(TakeHubToken);
        if (access.CorsOrigins.Count > 0) { app.UseCors(cors => cors.WithOrigins([.. access.CorsOrigins]).AllowAnyHeader().AllowAnyMethod().WithExposedHeaders("ETag", "Location", "Retry-After", RepeatableRequest.RepeatedHeader, "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")); }
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseRateLimiter();
        var requests = app.Services.GetRequiredService<IOptions<RateLimiterOptions>>().Value.GlobalLimiter!;
        app.Use((http, next) =>
        {
            TellRate(http, requests);
            return next(http);
        });
        app.Use((http, next) =>
        {
            if (http.User.Identity is { IsAuthenticated: true, Name: { } name }) { Actor.Name = name; }
            return IsForeign(http, access) ? Problems.Foreign().ExecuteAsync(http) : next(http);
        });
        if (access is { KeysRequired: true, AdminKey: null })
        {
            app.Logger.LogWarning("Keys are required and no admin key is set: give one of at least {Length} characters as Gnn__AdminKey, or in the file Gnn__AdminKeyFile, to make the first keys", AccessSettings.ShortestAdminKey);
        }
    }

    public static TBuilder Needs<TBuilder>(this TBuilder endpoint, KeyScope scope) where TBuilder : IEndpointConventionBuilder =>
        endpoint.RequireAuthorization(ContractJson.NameOf(scope));

    private static Task TakeHubToken(HttpContext http, RequestDelegate next)
    {
        var request = http.Request;
        if (!request.Query.ContainsKey(QueryToken)) { return next(http); }
        if (request.Path.StartsWithSegments(RunHub.Path)) { http.Items[HubToken] = request.Query[QueryToken].ToString(); }
        request.QueryString = QueryString.Create(request.Query.Where(pair => pair.Key != QueryToken));
        return next(http);
    }

    /// <summary>
    /// A page of another site must not act through the browser of somebody who is let in without a key, and must not come in by a name that
    /// it points at this machine.
    /// </summary>
    private static bool IsForeign(HttpContext http, AccessSettings access)
    {
        if (access.KeysRequired) { return false; }
        var host = http.Request.Host.Host;
        if (host.Length > 0 && host != "localhost" && !(IPAddress.TryParse(host.Trim('[', ']'), out var address) && (IPAddress.IsLoopback(address) || http.Connection.LocalIpAddress?.Equals(address) == true))) { return true; }
        var origin = http.Request.Headers.Origin.ToString();
        if (origin.Length == 0 || access.CorsOrigins.Contains(origin)) { return false; }
        return !(Uri.TryCreate(origin, UriKind.Absolute, out var from) && from.Authority == http.Request.Host.Value);
    }

    /// <summary>How many requests may come at once, how many of them are left, and after how many seconds there are more.</summary>
    private static void TellRate(HttpContext http, PartitionedRateLimiter<HttpContext> requests)
    {
        if (!IsLimited(http) || requests.GetStatistics(http) is not { } state) { return; }
        var headers = http.Response.Headers;
        headers["RateLimit-Limit"] = Burst(http.RequestServices.GetRequiredService<AccessSettings>()).ToString(CultureInfo.InvariantCulture);
        headers["RateLimit-Remaining"] = state.CurrentAvailablePermits.ToString(CultureInfo.InvariantCulture);
        headers["RateLimit-Reset"] = "1";
    }

    private static int Burst(AccessSettings access) => access.RequestsPerSecond * 10;

    private static bool IsLimited(HttpContext http) => http.Request.Path.StartsWithSegments("/api");

    private static RateLimitPartition<string> Limit(HttpContext http)
    {
        var access = http.RequestServices.GetRequiredService<AccessSettings>();
        if (!IsLimited(http)) { return RateLimitPartition.GetNoLimiter("free"); }
        var who = http.User.Identity is { IsAuthenticated: true, Name: { } name } ? $"key:{name}" : $"address:{http.Connection.RemoteIpAddress}";
        return RateLimitPartition.GetTokenBucketLimiter(who, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = Burst(access), TokensPerPeriod = access.RequestsPerSecond, ReplenishmentPeriod = TimeSpan.FromSeconds(1), QueueLimit = 0,
        });
    }
}
