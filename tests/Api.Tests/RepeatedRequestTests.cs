using System.Net;
using System.Text;
using System.Text.Json;
using Contracts;
using Microsoft.EntityFrameworkCore;
using Testing;
using static Api.Tests.ApiHost;

namespace Api.Tests;

/// <summary>Requests that come twice because their answer was not heard.</summary>
public sealed class RepeatedRequestTests(PostgresFixture postgres)
{
    private static readonly string Body = JsonSerializer.Serialize(Spec(), ContractJson.Options);

    [Theory, OnBothStores]
    public async Task The_same_request_again_makes_nothing_and_gets_the_same_answer(StoreKind store)
    {
        await using var host = await ApiHost.Start(store, postgres);
        using var first = await Send(host, "once", Body);
        await host.Queue.Claim("worker-a", Token); // the run goes on meanwhile; the answer stays
        using var again = await Send(host, "once", Body);

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (first.StatusCode, again.StatusCode));
        Assert.Equal((first.Headers.Location, false), (again.Headers.Location, first.Headers.Contains("Idempotency-Replayed")));
        Assert.Equal("true", Assert.Single(again.Headers.GetValues("Idempotency-Replayed")));
        Assert.Equal(await first.Content.ReadAsStringAsync(Token), await again.Content.ReadAsStringAsync(Token));
        Assert.Single((await host.Get<RunPage>("/api/v1/runs")).Items);

        using var other = await Send(host, "another", Body);
        Assert.NotEqual(first.Headers.Location, other.Headers.Location);
    }

    [Theory]
    [InlineData("/api/v1/runs", "{\"data\":{\"dataset\":\"karate\"},\"model\":{},\"training\":{}}")]
    [InlineData("/api/v1/runs?priority=3", null)]
    [InlineData("/api/v1/sweeps", null)]
    public async Task Another_request_under_the_same_key_is_refused(string path, string? body)
    {
        await using var host = await ApiHost.Start();
        using var first = await Send(host, "once", Body);
        var other = body ?? (path.EndsWith("sweeps", StringComparison.Ordinal) ? Sweep : Body);
        using var problem = await Problem.Of(await Send(host, "once", other, path), HttpStatusCode.UnprocessableEntity);
        Assert.Equal("urn:gnnservice:problem:idempotency-key-reused", problem.Type);
        Assert.Single((await host.Get<RunPage>("/api/v1/runs")).Items);
    }

    [Theory, OnBothStores]
    public async Task A_sweep_that_comes_twice_is_queued_once(StoreKind store)
    {
        await using var host = await ApiHost.Start(store, postgres);
        using var first = await Send(host, "sweep", Sweep, "/api/v1/sweeps");
        using var again = await Send(host, "sweep", Sweep, "/api/v1/sweeps");
        Assert.Equal(await first.Content.ReadAsStringAsync(Token), await again.Content.ReadAsStringAsync(Token));
        Assert.Equal(2, (await host.Get<RunPage>("/api/v1/runs")).Items.Count);
    }

    [Theory, OnBothStores]
    public async Task Many_at_once_make_one_run(StoreKind store)
    {
        await using var host = await ApiHost.Start(store, postgres);
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => Send(host, "once", Body)));
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode));
        Assert.Single(answers.Select(answer => answer.Headers.Location).Distinct());
        Assert.Single((await host.Get<RunPage>("/api/v1/runs")).Items);
    }

    [Theory, OnBothStores]
    public async Task A_refused_request_leaves_its_key_free_and_a_key_is_free_again_after_a_day(StoreKind store)
    {
        await using var host = await ApiHost.Start(store, postgres);
        using var refused = await Send(host, "once", Body.Replace("karate", "no-such-set", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
        using var first = await Send(host, "once", Body);
        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);

        await using var db = host.Open();
        var yesterday = DateTimeOffset.UtcNow.AddHours(-24).AddSeconds(-1);
        Assert.Equal(1, await db.KeptAnswers.ExecuteUpdateAsync(row => row.SetProperty(kept => kept.At, yesterday), Token));
        using var anew = await Send(host, "once", Body);
        Assert.NotEqual(first.Headers.Location, anew.Headers.Location);
        Assert.Equal(1, await db.KeptAnswers.CountAsync(Token));
    }

    [Fact]
    public async Task Keys_of_two_clients_have_nothing_to_do_with_each_other()
    {
        const string admin = "an-admin-key-that-nobody-can-guess-0123456789";
        await using var host = await ApiHost.Start(null, ("Gnn:Keys", "required"), ("Gnn:AdminKey", admin));
        host.Http.DefaultRequestHeaders.Authorization = new("Bearer", admin);
        var made = await Read<NewKey>(await host.PostText("{\"name\":\"ci\",\"scope\":\"operator\"}", path: "/api/v1/keys"));
        using var mine = await Send(host, "once", Body);
        host.Http.DefaultRequestHeaders.Authorization = new("Bearer", made.Token);
        using var theirs = await Send(host, "once", Body);
        Assert.NotEqual(mine.Headers.Location, theirs.Headers.Location);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890")]
    [InlineData("two\tparts")]
    public async Task A_key_that_is_none_is_refused(string key)
    {
        await using var host = await ApiHost.Start();
        using var problem = await Problem.Of(await Send(host, key, Body), HttpStatusCode.BadRequest);
        Assert.StartsWith("found", problem.ErrorAt("Idempotency-Key"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_answer_of_the_API_tells_how_many_requests_are_left()
    {
        await using var host = await ApiHost.Start(null, ("Gnn:RequestsPerSecond", "5"));
        using var first = await host.Http.GetAsync("/api/v1/datasets", Token);
        using var second = await host.Http.GetAsync("/api/v1/runs?limit=0", Token);
        Assert.Equal(["50", "49", "1"], Rate(first));
        Assert.Equal("50", Rate(second)[0]);
        Assert.InRange(int.Parse(Rate(second)[1], System.Globalization.CultureInfo.InvariantCulture), 48, 49);
        using var free = await host.Http.GetAsync("/health/live", Token);
        Assert.False(free.Headers.Contains("RateLimit-Limit"));
    }

    private static string[] Rate(HttpResponseMessage answer) => [.. ((string[])["Limit", "Remaining", "Reset"]).Select(part => answer.Headers.GetValues($"RateLimit-{part}").Single())];

    private static string Sweep => JsonSerializer.Serialize(
        new SweepSpec { Base = Spec(), Axes = [new SweepAxis { Path = "model.layers", Values = [JsonSerializer.SerializeToElement(2), JsonSerializer.SerializeToElement(4)] }] }, ContractJson.Options);

    private static Task<HttpResponseMessage> Send(ApiHost host, string key, string body, string path = "/api/v1/runs")
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        return host.Http.SendAsync(request, Token);
    }
}
