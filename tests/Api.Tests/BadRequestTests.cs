using System.Net;
using System.Net.Http.Headers;
using Testing;
using static Api.Tests.ApiHost;

namespace Api.Tests;

/// <summary>One host for all: after everything that is thrown at it, it must still serve.</summary>
public sealed class BadRequestTests(BadRequestTests.Hosts hosts) : IClassFixture<BadRequestTests.Hosts>
{
    private const string Unknown = "0198c0de-0000-7000-8000-000000000000";

    public sealed class Hosts(PostgresFixture postgres) : IAsyncLifetime
    {
        public Dictionary<StoreKind, ApiHost> Of { get; } = [];

        public async ValueTask InitializeAsync()
        {
            foreach (var store in Enum.GetValues<StoreKind>()) { Of[store] = await ApiHost.Start(store, postgres); }
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var host in Of.Values)
            {
                await host.Post(Spec("still here"));
                await host.DisposeAsync();
            }
        }
    }

    public static TheoryData<string, string, int> Requests => new()
    {
        { "GET", "/nothing", 404 },
        { "GET", "/api/v1/nothing", 404 },
        { "GET", "/api/v2/runs", 404 },
        { "DELETE", "/api/v1/runs", 405 },
        { "PUT", $"/api/v1/runs/{Unknown}", 405 },
        { "GET", $"/api/v1/runs/{Unknown}/cancel", 405 },
        { "GET", "/api/v1/runs/abc", 400 },
        { "GET", "/api/v1/runs/abc/metrics", 400 },
        { "POST", "/api/v1/runs/abc/cancel", 400 },
        { "GET", $"/api/v1/runs/{Unknown}", 404 },
        { "GET", $"/api/v1/runs/{Unknown}/metrics", 404 },
        { "GET", $"/api/v1/runs/{Unknown}/events", 404 },
        { "POST", $"/api/v1/runs/{Unknown}/cancel", 404 },
        { "GET", "/api/v1/runs?limit=-1", 400 },
        { "GET", "/api/v1/runs?limit=0", 400 },
        { "GET", "/api/v1/runs?limit=201", 400 },
        { "GET", "/api/v1/runs?limit=ten", 400 },
        { "GET", "/api/v1/runs?limit=99999999999", 400 },
        { "GET", "/api/v1/runs?limit=1&limit=2", 400 },
        { "GET", "/api/v1/runs?status=asleep", 400 },
        { "GET", "/api/v1/runs?status=1", 400 },
        { "GET", "/api/v1/runs?status=,", 400 },
        { "GET", "/api/v1/runs?cursor=x", 400 },
        { "GET", "/api/v1/runs?cursor=%00%ff", 400 },
        { "GET", "/api/v1/runs?cursor=__________________________8_____", 400 },
        { "GET", "/api/v1/runs?group=a%00b", 400 },
        { "GET", $"/api/v1/runs/{Unknown}/metrics?after=-1", 400 },
        { "GET", $"/api/v1/runs/{Unknown}/metrics?after=1.5", 400 },
        { "GET", $"/api/v1/runs/{Unknown}/events?after=-9223372036854775808", 400 },
        { "GET", "/openapi/v9.json", 404 },
    };

    public static TheoryData<string, int, string, string> Bodies => new()
    {
        { "", 400, "$", "not JSON" },
        { "{", 400, "$", "not JSON" },
        { "null", 400, "$", "found null" },
        { "[]", 400, "$", "needed an object" },
        { "{}", 400, "$.data", "found nothing" },
        { new string('[', 100_000), 400, "$", "not JSON" },
        { Body(name: "7"), 400, "$.name", "needed text" },
        { Body(name: "\"\\ud800\""), 400, "$.name", "needed text" },
        { Body(name: "\"a\\u0000b\""), 422, "$.name", "control characters" },
        { Body(name: $"\"{new string('x', 300)}\""), 422, "$.name", "found 300 characters" },
        { Body(dataset: "\"cara\""), 422, "$.data.dataset", "did you mean cora" },
        { Body(dataset: "\"\""), 422, "$.data.dataset", "empty name" },
        { Body(dataset: "null"), 400, "$.data.dataset", "needed text" },
        { Body(model: """{"layers":-1}"""), 422, "$.model.layers", "found -1, needed a number from 1" },
        { Body(model: """{"layers":1000000000}"""), 422, "$.model.layers", "found 1000000000" },
        { Body(model: """{"layers":1e999}"""), 400, "$.model.layers", "needed a whole number" },
        { Body(model: """{"layers":"many"}"""), 400, "$.model.layers", "found \"many\", needed a whole number" },
        { Body(model: """{"depth":3}"""), 400, "$.model.depth", "unknown member" },
        { Body(model: """{"backbone":"resnet"}"""), 400, "$.model.backbone", "\"res+\"" },
        { Body(training: """{"learningRate":"NaN"}"""), 422, "$.training.learningRate", "found NaN" },
        { Body(training: """{"learningRate":-0.1}"""), 422, "$.training.learningRate", "found -0.1" },
    };

    [Theory, MemberData(nameof(Requests))]
    public async Task A_bad_request_is_answered_with_problem_details(string method, string path, int status)
    {
        foreach (var host in hosts.Of.Values)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path);
            using var problem = await Problem.Of(await host.Http.SendAsync(request, Token), (HttpStatusCode)status);
            if (status != 404) { Assert.Contains("needed", problem.Detail, StringComparison.Ordinal); }
        }
    }

    [Theory, MemberData(nameof(Bodies))]
    public async Task A_bad_body_is_answered_with_the_place_what_was_found_and_what_is_needed(string body, int status, string path, string message)
    {
        foreach (var host in hosts.Of.Values)
        {
            using var problem = await Problem.Of(await host.PostText(body), (HttpStatusCode)status);
            Assert.Contains(message, problem.ErrorAt(path), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Every_fault_of_a_spec_is_named_at_once()
    {
        using var problem = await Problem.Of(await hosts.Of[StoreKind.Sqlite].PostText(Body(dataset: "\"nothing\"", model: """{"layers":0,"dropout":2}""")), HttpStatusCode.UnprocessableEntity);
        Assert.Equal(["$.model.layers", "$.model.dropout", "$.data.dataset"], problem.Root.GetProperty("errors").EnumerateObject().Select(error => error.Name));
    }

    [Theory, InlineData("text/html"), InlineData("application/xml"), InlineData("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")]
    public async Task A_refusal_is_told_whatever_the_client_would_rather_read(string accept)
    {
        foreach (var (path, status) in ((string, HttpStatusCode)[])[("/api/v1/nothing", HttpStatusCode.NotFound), ("/api/v1/runs/abc", HttpStatusCode.BadRequest)])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Add("Accept", accept);
            (await Problem.Of(await hosts.Of[StoreKind.Sqlite].Http.SendAsync(request, Token), status)).Dispose();
        }
    }

    [Fact]
    public async Task A_body_of_another_type_is_refused()
    {
        using var problem = await Problem.Of(await hosts.Of[StoreKind.Sqlite].PostText("name=x", "application/x-www-form-urlencoded"), HttpStatusCode.UnsupportedMediaType);
        Assert.Contains("application/json", problem.Detail, StringComparison.Ordinal);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_body_that_is_too_large_is_refused(bool chunked)
    {
        var content = new StringContent(Body(name: $"\"{new string('x', 1_100_000)}\""), MediaTypeHeaderValue.Parse("application/json"));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/runs") { Content = content };
        request.Headers.TransferEncodingChunked = chunked;
        request.Headers.ExpectContinue = true; // the refusal comes before the body is sent
        using var problem = await Problem.Of(await hosts.Of[StoreKind.Sqlite].Http.SendAsync(request, Token), HttpStatusCode.RequestEntityTooLarge);
        Assert.Contains("1000000", problem.Detail, StringComparison.Ordinal);
    }

    private static string Body(string name = "\"n\"", string dataset = "\"karate\"", string model = "{}", string training = "{}") =>
        $$"""{"name":{{name}},"data":{"dataset":{{dataset}}},"model":{{model}},"training":{{training}}}""";
}
