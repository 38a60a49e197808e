using System.Net;
using System.Text.Json;
using static Api.Tests.ApiHost;

namespace Api.Tests;

public sealed class DocumentationTests
{
    [Fact]
    public async Task The_OpenAPI_document_describes_every_route_its_problems_and_the_names_of_enums()
    {
        await using var host = await ApiHost.Start();
        var document = await host.Get<JsonElement>("/openapi/v1.json");
        Assert.StartsWith("3.1", document.GetProperty("openapi").GetString(), StringComparison.Ordinal);

        var paths = document.GetProperty("paths");
        Assert.Equal(
            ["/api/v1/datasets", "/api/v1/runs", "/api/v1/runs/{id}", "/api/v1/runs/{id}/cancel", "/api/v1/runs/{id}/events", "/api/v1/runs/{id}/layers", "/api/v1/runs/{id}/metrics", "/api/v1/sweeps", "/api/v1/sweeps/{group}.csv", "/health/live", "/health/ready"],
            paths.EnumerateObject().Select(path => path.Name).Order(StringComparer.Ordinal));

        var post = paths.GetProperty("/api/v1/runs").GetProperty("post");
        Assert.Equal(["202", "400", "413", "415", "422", "503"], post.GetProperty("responses").EnumerateObject().Select(answer => answer.Name).Order(StringComparer.Ordinal));
        Assert.True(post.GetProperty("responses").GetProperty("202").GetProperty("headers").TryGetProperty("Location", out _));
        Assert.True(post.GetProperty("responses").GetProperty("422").GetProperty("content").TryGetProperty("application/problem+json", out _));
        Assert.Equal("#/components/schemas/RunSpec", post.GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema").GetProperty("$ref").GetString());

        var schemas = document.GetProperty("components").GetProperty("schemas");
        Assert.Contains("res+", schemas.GetProperty("Backbone").GetProperty("enum").EnumerateArray().Select(value => value.GetString()));
        Assert.Equal(["data", "model", "training"], schemas.GetProperty("RunSpec").GetProperty("required").EnumerateArray().Select(value => value.GetString()).Intersect(["data", "model", "training"]));
    }

    [Theory]
    [InlineData("/swagger/index.html")]
    [InlineData("/hangfire")]
    public async Task Its_pages_are_served_on_the_machine_itself(string page)
    {
        await using var host = await ApiHost.Start();
        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync(page, Token)).StatusCode);
    }
}
