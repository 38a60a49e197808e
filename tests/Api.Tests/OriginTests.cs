using System.Net;
using static Api.Tests.ApiHost;

namespace Api.Tests;

/// <summary>Which sites' pages may call the API from a browser: none, unless a setting names them.</summary>
public sealed class OriginTests
{
    private const string AdminKey = "an-admin-key-that-nobody-can-guess-0123456789";

    [Theory]
    [InlineData(null, "https://dashboard.example", false)]
    [InlineData("https://dashboard.example", "https://dashboard.example", true)]
    [InlineData("https://dashboard.example", "https://evil.example", false)]
    [InlineData("https://dashboard.example", "http://dashboard.example", false)]
    [InlineData("https://dashboard.example", "null", false)]
    public async Task Only_origins_that_are_named_are_let_in(string? allowed, string origin, bool isLetIn)
    {
        await using var host = await ApiHost.Start(null, ("Gnn:Keys", "required"), ("Gnn:AdminKey", AdminKey), ("Gnn:CorsOrigins", allowed ?? ""));
        var preflight = new HttpRequestMessage(HttpMethod.Options, "/api/v1/runs");
        preflight.Headers.Add("Origin", origin);
        preflight.Headers.Add("Access-Control-Request-Method", "POST");
        preflight.Headers.Add("Access-Control-Request-Headers", "authorization,content-type");
        using var asked = await host.Http.SendAsync(preflight, Token);
        Assert.Equal(isLetIn, asked.Headers.Contains("Access-Control-Allow-Origin"));

        var read = new HttpRequestMessage(HttpMethod.Get, "/api/v1/runs");
        read.Headers.Add("Origin", origin);
        read.Headers.Add("Authorization", $"Bearer {AdminKey}");
        using var answer = await host.Http.SendAsync(read, Token);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(isLetIn ? [origin] : [], answer.Headers.TryGetValues("Access-Control-Allow-Origin", out var told) ? told : []);
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Credentials"));
    }
}
