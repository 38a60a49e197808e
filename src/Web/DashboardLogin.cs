using System.Security.Cryptography;
using System.Text;

namespace Web;

/// <summary>
/// The dashboard acts with the key that it was given, so it lets in only who knows that key: a form sets a cookie that is derived from it,
/// and holds no more.
/// </summary>
internal sealed class DashboardLogin(string key)
{
    private const string Cookie = "gnn_dashboard";
    private const string Path = "/login";
    private const int LongestForm = 4_096;

    /// <summary>An API in the same host asks for keys itself.</summary>
    private static readonly string[] NotOurs = ["/api", "/hubs", "/health", "/openapi", "/swagger", "/hangfire"];

    private readonly string pass = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), "dashboard"u8));

    public async Task Admit(HttpContext http, RequestDelegate next)
    {
        if (NotOurs.Any(path => http.Request.Path.StartsWithSegments(path)) || IsSame(http.Request.Cookies[Cookie], pass)) { await next(http); }
        else if (HttpMethods.IsPost(http.Request.Method) && http.Request.Path == Path) { await Login(http); }
        else { await Ask(http, refused: false); }
    }

    private async Task Login(HttpContext http)
    {
        var given = http.Request is { HasFormContentType: true, ContentLength: <= LongestForm } ? (await http.Request.ReadFormAsync(http.RequestAborted))["key"].ToString() : "";
        if (!IsSame(given.Trim(), key))
        {
            await Task.Delay(500, http.RequestAborted); // a guess a second at most, and nothing told of how near it was
            await Ask(http, refused: true);
            return;
        }

        http.Response.Cookies.Append(Cookie, pass, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = http.Request.IsHttps, MaxAge = TimeSpan.FromDays(7), IsEssential = true });
        http.Response.Redirect("/");
    }

    private static Task Ask(HttpContext http, bool refused)
    {
        http.Response.StatusCode = StatusCodes.Status401Unauthorized;
        http.Response.ContentType = "text/html; charset=utf-8";
        http.Response.Headers.CacheControl = "no-store";
        return http.Response.WriteAsync($$"""
            <!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>GnnService</title>
            <style>:root { color-scheme: light dark; font: 16px system-ui } form { max-width: 22rem; margin: 20vh auto; display: grid; gap: .75rem } input, button { font: inherit; padding: .5rem }</style>
            <form method="post" action="{{Path}}"><h1>GnnService</h1>{{(refused ? "<p role=\"alert\">That key does not open the dashboard.</p>" : "")}}
            <label for="key">The dashboard's key</label><input id="key" name="key" type="password" autocomplete="current-password" required autofocus><button>Open</button></form></html>
            """);
    }

    private static bool IsSame(string? one, string other) =>
        CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(one ?? "")), SHA256.HashData(Encoding.UTF8.GetBytes(other)));
}
