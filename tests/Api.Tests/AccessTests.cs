using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Contracts;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.EntityFrameworkCore;
using Testing;

namespace Api.Tests;

/// <summary>Keys and what they open, on both stores; origins, rates, the audit, and that no log holds a key.</summary>
public sealed class AccessTests(PostgresFixture postgres)
{
    private const string AdminKey = "an-admin-key-that-nobody-can-guess-0123456789";

    private static CancellationToken Token => ApiHost.Token;

    [Theory, OnBothStores]
    public async Task A_key_opens_what_its_scope_says_and_nothing_after_it_was_revoked(StoreKind store)
    {
        await using var host = await Start(await postgres.NewDatabase(store));
        var viewer = await NewKey(host, KeyScope.Viewer);
        var operate = await NewKey(host, KeyScope.Operator);
        Assert.StartsWith("gnn_", viewer.Token, StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.Unauthorized, await Status(host, null, HttpMethod.Get, "/api/v1/runs"));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(host, viewer.Token + "x", HttpMethod.Get, "/api/v1/runs"));
        Assert.Equal(HttpStatusCode.OK, await Status(host, viewer.Token, HttpMethod.Get, "/api/v1/runs"));
        Assert.Equal(HttpStatusCode.Forbidden, await Status(host, viewer.Token, HttpMethod.Post, "/api/v1/runs", ApiHost.Spec()));
        Assert.Equal(HttpStatusCode.Accepted, await Status(host, operate.Token, HttpMethod.Post, "/api/v1/runs", ApiHost.Spec()));
        Assert.Equal(HttpStatusCode.Forbidden, await Status(host, operate.Token, HttpMethod.Get, "/api/v1/keys"));
        Assert.Equal(HttpStatusCode.OK, await Status(host, null, HttpMethod.Get, "/health/live"));

        Assert.Equal(HttpStatusCode.OK, await Status(host, AdminKey, HttpMethod.Delete, $"/api/v1/keys/{viewer.Id}"));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(host, viewer.Token, HttpMethod.Get, "/api/v1/runs"));
        Assert.Equal(HttpStatusCode.NotFound, await Status(host, AdminKey, HttpMethod.Delete, "/api/v1/keys/000000000000"));
    }

    [Theory, OnBothStores]
    public async Task An_expired_key_opens_nothing(StoreKind store)
    {
        await using var host = await Start(await postgres.NewDatabase(store));
        var key = await NewKey(host, KeyScope.Viewer);
        await using (var db = host.Open())
        {
            Assert.Equal(1, await db.Keys.Where(row => row.Id == key.Id).ExecuteUpdateAsync(row => row.SetProperty(k => k.ExpiresAt, DateTimeOffset.UtcNow.AddSeconds(-1)), Token));
            Assert.DoesNotContain(key.Token.Split('_', 3)[2], (await db.Keys.SingleAsync(Token)).SecretSha256, StringComparison.Ordinal);
        }
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(host, key.Token, HttpMethod.Get, "/api/v1/runs"));
    }

    [Theory]
    [InlineData("GET", "/api/v1/runs")]
    [InlineData("POST", "/api/v1/runs")]
    [InlineData("GET", "/api/v1/datasets")]
    [InlineData("GET", "/api/v1/keys")]
    [InlineData("GET", "/api/v1/audit")]
    [InlineData("GET", "/api/v1/runs/01a20d8d-182f-77d8-ae5d-917216f017ec/repro")]
    [InlineData("POST", "/api/v1/runs/01a20d8d-182f-77d8-ae5d-917216f017ec/cancel")]
    [InlineData("PATCH", "/api/v1/runs/01a20d8d-182f-77d8-ae5d-917216f017ec")]
    [InlineData("POST", "/hubs/runs/negotiate")]
    [InlineData("GET", "/hangfire")]
    public async Task Nothing_but_health_and_documentation_is_open_without_a_key(string method, string path)
    {
        await using var host = await Start();
        using var answer = await host.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), Token);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.NotEmpty(answer.Headers.WwwAuthenticate);
    }

    [Fact]
    public async Task The_hub_takes_a_key_from_header_or_query_and_no_log_holds_it()
    {
        await using var host = await Start();
        var key = await NewKey(host, KeyScope.Viewer);
        await using var connection = new HubConnectionBuilder().WithUrl(new Uri(host.Http.BaseAddress!, RunHub.Path), http => http.AccessTokenProvider = () => Task.FromResult<string?>(key.Token)).Build();
        await connection.StartAsync(Token);
        await connection.InvokeAsync(nameof(IRunHub.WatchRuns), Token);
        Assert.Equal(HttpStatusCode.OK, await Status(host, null, HttpMethod.Post, $"{RunHub.Path}/negotiate?negotiateVersion=1&access_token={key.Token}"));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(host, null, HttpMethod.Get, $"/api/v1/runs?access_token={key.Token}"));

        var secret = key.Token.Split('_', 3)[2];
        Assert.Contains("/hubs/runs", host.Log.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(secret, host.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_pages_of_the_queue_take_a_key_as_a_password()
    {
        await using var host = await Start();
        host.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"any:{AdminKey}")));
        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/hangfire", Token)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.Http.GetAsync("/api/v1/runs", Token)).StatusCode);
    }

    [Theory, OnBothStores]
    public async Task The_audit_tells_who_changed_what(StoreKind store)
    {
        await using var host = await Start(await postgres.NewDatabase(store));
        var key = await NewKey(host, KeyScope.Operator);
        await Status(host, key.Token, HttpMethod.Post, "/api/v1/runs", ApiHost.Spec());
        var run = (await Read<RunPage>(host, key.Token, "/api/v1/runs")).Items[0].Id;
        await Status(host, key.Token, HttpMethod.Post, $"/api/v1/runs/{run}/cancel");
        var page = await Read<AuditPage>(host, AdminKey, $"/api/v1/audit?run={run}");
        Assert.Equal([("a key", "cancel"), ("a key", "create")], page.Items.Select(row => (row.Actor, row.Action)));
        var first = await Read<AuditPage>(host, AdminKey, "/api/v1/audit?limit=2");
        var second = await Read<AuditPage>(host, AdminKey, $"/api/v1/audit?limit=2&before={first.NextBefore}");
        Assert.Equal(("admin", "create-key"), (second.Items[0].Actor, second.Items[0].Action));
        Assert.Null(second.NextBefore);
    }

    [Theory]
    [InlineData("Host", "evil.example", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "https://evil.example", HttpStatusCode.Forbidden)]
    [InlineData("Host", "localhost", HttpStatusCode.OK)]
    public async Task Without_keys_only_this_machines_own_names_are_let_in(string header, string value, HttpStatusCode needed)
    {
        await using var host = await ApiHost.Start();
        var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/runs");
        request.Headers.TryAddWithoutValidation(header, value);
        using var answer = await host.Http.SendAsync(request, Token);
        Assert.Equal(needed, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task Too_many_requests_are_told_to_come_later_and_health_is_not_counted()
    {
        await using var host = await ApiHost.Start(null, ("Gnn:RequestsPerSecond", "1"));
        var answers = new List<HttpResponseMessage>();
        for (var i = 0; i < 30; i++) { answers.Add(await host.Http.GetAsync("/api/v1/datasets", Token)); }
        var refused = answers.First(answer => answer.StatusCode == HttpStatusCode.TooManyRequests);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Equal("application/problem+json", refused.Content.Headers.ContentType?.MediaType);
        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/health/live", Token)).StatusCode);
    }

    [Theory]
    [InlineData("Gnn:AdminKey", "too-short")]
    [InlineData("Gnn:Keys", "maybe")]
    public async Task A_setting_that_would_let_anybody_in_is_refused_without_repeating_a_key(string setting, string value)
    {
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => ApiHost.Start(null, (setting, value)));
        Assert.StartsWith($"Setting {setting}:", refused.Message, StringComparison.Ordinal);
        if (setting == "Gnn:AdminKey") { Assert.DoesNotContain(value, refused.Message, StringComparison.Ordinal); }
    }

    private static Task<ApiHost> Start(string? database = null) => ApiHost.Start(database, ("Gnn:Keys", "required"), ("Gnn:AdminKey", AdminKey));

    private static async Task<NewKey> NewKey(ApiHost host, KeyScope scope)
    {
        using var answer = await Send(host, AdminKey, HttpMethod.Post, "/api/v1/keys", new KeyRequest { Name = "a key", Scope = scope });
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return await ApiHost.Read<NewKey>(answer);
    }

    private static async Task<T> Read<T>(ApiHost host, string key, string path)
    {
        using var answer = await Send(host, key, HttpMethod.Get, path, null);
        return await ApiHost.Read<T>(answer);
    }

    private static async Task<HttpStatusCode> Status(ApiHost host, string? key, HttpMethod method, string path, object? body = null)
    {
        using var answer = await Send(host, key, method, path, body);
        return answer.StatusCode;
    }

    private static Task<HttpResponseMessage> Send(ApiHost host, string? key, HttpMethod method, string path, object? body)
    {
        var request = new HttpRequestMessage(method, path);
        if (key is not null) { request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key); }
        if (body is not null) { request.Content = JsonContent.Create(body, options: ContractJson.Options); }
        return host.Http.SendAsync(request, Token);
    }
}
