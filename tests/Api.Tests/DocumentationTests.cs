using System.Net;
using System.Text.Json;
using Contracts;
using Testing;
using static Api.Tests.ApiHost;

namespace Api.Tests;

public sealed class DocumentationTests
{
    private static readonly JsonSerializerOptions Indented = new(ContractJson.Options) { WriteIndented = true };

    [Fact]
    public async Task The_OpenAPI_document_describes_every_route_its_problems_and_the_names_of_enums()
    {
        await using var host = await ApiHost.Start();
        var document = await host.Get<JsonElement>("/openapi/v1.json");
        Assert.StartsWith("3.1", document.GetProperty("openapi").GetString(), StringComparison.Ordinal);

        var paths = document.GetProperty("paths");
        var post = paths.GetProperty("/api/v1/runs").GetProperty("post");
        Assert.Equal(["202", "400", "401", "403", "413", "415", "422", "429", "503"], post.GetProperty("responses").EnumerateObject().Select(answer => answer.Name).Order(StringComparer.Ordinal));
        Assert.True(post.GetProperty("responses").GetProperty("202").GetProperty("headers").TryGetProperty("Location", out _));
        Assert.True(post.GetProperty("responses").GetProperty("422").GetProperty("content").TryGetProperty("application/problem+json", out _));
        Assert.Equal("#/components/schemas/RunSpec", post.GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema").GetProperty("$ref").GetString());

        var schemas = document.GetProperty("components").GetProperty("schemas");
        Assert.Contains("res+", schemas.GetProperty("Backbone").GetProperty("enum").EnumerateArray().Select(value => value.GetString()));
        Assert.Equal(["data", "model", "training"], schemas.GetProperty("RunSpec").GetProperty("required").EnumerateArray().Select(value => value.GetString()).Intersect(["data", "model", "training"]));
    }

    /// <summary>Clients are made from the file: a change of the API is a change of the file, seen in review.</summary>
    [Fact]
    public async Task The_document_in_the_repository_is_the_one_that_is_served()
    {
        await using var host = await ApiHost.Start();
        var served = JsonSerializer.Serialize(await host.Get<JsonElement>("/openapi/v1.json"), Indented) + "\n";
        var written = Path.Combine(TestFolders.Repository, "artifacts/openapi.json");
        await File.WriteAllTextAsync(written, served, Token);
        var kept = await File.ReadAllTextAsync(Path.Combine(TestFolders.Repository, "docs/openapi.json"), Token);
        Assert.True(kept == served, $"docs/openapi.json is not what the API serves: look at the difference, then copy {written} there");
    }

    [Fact]
    public async Task Every_request_and_answer_has_an_example_and_every_header_is_described()
    {
        await using var host = await ApiHost.Start();
        var document = await host.Get<JsonElement>("/openapi/v1.json");
        var lacking = new List<string>();
        var headers = new HashSet<string>();
        foreach (var (place, operation) in Operations(document))
        {
            if (operation.TryGetProperty("requestBody", out var body)) { lacking.AddRange(WithoutExample($"{place} request", body)); }
            foreach (var answer in operation.GetProperty("responses").EnumerateObject())
            {
                lacking.AddRange(WithoutExample($"{place} {answer.Name}", answer.Value));
                if (answer.Value.TryGetProperty("headers", out var described)) { headers.UnionWith(described.EnumerateObject().Select(header => header.Name)); }
            }
            if (operation.TryGetProperty("parameters", out var parameters)) { headers.UnionWith(parameters.EnumerateArray().Where(parameter => parameter.GetProperty("in").GetString() == "header").Select(parameter => parameter.GetProperty("name").GetString()!)); }
        }
        Assert.Empty(lacking);
        Assert.Superset(new HashSet<string> { "ETag", "If-Match", "Location", "Idempotency-Key", "Idempotency-Replayed", "Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset" }, headers);
        var description = document.GetProperty("info").GetProperty("description").GetString()!;
        Assert.All((string[])["unknown-run", "invalid-run-spec", "idempotency-key-reused", "too-many-requests"], type => Assert.Contains($"`urn:gnnservice:problem:{type}`", description, StringComparison.Ordinal));
    }

    /// <summary>An example that the service itself refuses teaches the wrong thing.</summary>
    [Theory]
    [InlineData("/api/v1/runs", 202)]
    [InlineData("/api/v1/sweeps", 202)]
    [InlineData("/api/v1/estimates", 200)]
    [InlineData("/api/v1/keys", 201)]
    public async Task The_example_of_a_request_is_accepted(string path, int status)
    {
        await using var host = await ApiHost.Start();
        var document = await host.Get<JsonElement>("/openapi/v1.json");
        var example = document.GetProperty("paths").GetProperty(path).GetProperty("post").GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("example");
        using var answer = await host.PostText(example.GetRawText(), path: path);
        Assert.Equal(status, (int)answer.StatusCode);
    }

    private static IEnumerable<(string Place, JsonElement Operation)> Operations(JsonElement document) =>
        from path in document.GetProperty("paths").EnumerateObject() from method in path.Value.EnumerateObject() select ($"{method.Name} {path.Name}", method.Value);

    private static IEnumerable<string> WithoutExample(string place, JsonElement described) =>
        described.TryGetProperty("content", out var content)
            ? content.EnumerateObject().Where(media => !media.Value.TryGetProperty("example", out _) && !media.Value.TryGetProperty("examples", out _)).Select(media => $"{place} {media.Name}")
            : [];

    [Theory]
    [InlineData("/swagger/index.html")]
    [InlineData("/hangfire")]
    public async Task Its_pages_are_served_on_the_machine_itself(string page)
    {
        await using var host = await ApiHost.Start();
        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync(page, Token)).StatusCode);
    }
}
