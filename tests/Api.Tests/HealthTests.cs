using System.Net;
using System.Text.Json;
using Testing;
using static Api.Tests.ApiHost;

namespace Api.Tests;

public sealed class HealthTests(PostgresFixture postgres)
{
    [Theory, OnBothStores]
    public async Task A_started_service_is_live_and_ready(StoreKind store)
    {
        await using var host = await ApiHost.Start(store, postgres);
        Assert.Equal("live", (await host.Get<JsonElement>("/health/live")).GetProperty("status").GetString());
        Assert.Equal("ready", (await host.Get<JsonElement>("/health/ready")).GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_database_that_goes_away_makes_the_service_unready_but_not_dead()
    {
        // A server of its own, so that it can be stopped.
        var server = await PostgresServer.Start();
        await using var host = await ApiHost.Start(server.NewDatabase());
        await server.DisposeAsync();

        using (var problem = await Problem.Of(await host.Http.GetAsync("/health/ready", Token), HttpStatusCode.ServiceUnavailable))
        {
            Assert.Contains("database", problem.Detail, StringComparison.Ordinal);
        }
        using var list = await Problem.Of(await host.Http.GetAsync("/api/v1/runs", Token), HttpStatusCode.ServiceUnavailable);
        Assert.Equal("urn:gnnservice:problem:store-away", list.Type);
        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/health/live", Token)).StatusCode);
    }
}
