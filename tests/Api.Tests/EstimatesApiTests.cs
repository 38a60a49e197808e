using System.Net;
using System.Text.Json;
using Contracts;
using static Api.Tests.ApiHost;

namespace Api.Tests;

public sealed class EstimatesApiTests
{
    [Fact]
    public async Task An_estimate_comes_by_kind_and_queues_nothing()
    {
        await using var host = await ApiHost.Start();
        var estimate = await Estimate(host, Spec() with { Data = new() { Dataset = "cora" }, Model = new() { Layers = 64 } });
        Assert.Equal((2708, 10_556), (estimate.GetProperty("nodes").GetInt32(), estimate.GetProperty("edges").GetInt32()));
        var sum = ((string[])["process", "graph", "feature", "parameter", "gradient", "optimizer", "activation", "transient"]).Sum(kind => estimate.GetProperty($"{kind}Bytes").GetInt64());
        Assert.Equal(sum, estimate.GetProperty("totalBytes").GetInt64());
        Assert.Empty((await host.Get<RunPage>("/api/v1/runs")).Items);
    }

    [Fact]
    public async Task An_unknown_size_is_told_and_a_bad_spec_is_refused_as_for_a_run()
    {
        await using var host = await ApiHost.Start();
        var unknown = await Estimate(host, Spec() with { Data = new() { Dataset = "own/mine" } });
        Assert.Equal(JsonValueKind.Null, unknown.GetProperty("totalBytes").ValueKind);
        Assert.Contains("needed it", unknown.GetProperty("unknown").GetString(), StringComparison.Ordinal);

        using var invalid = await Problem.Of(await host.PostText(Json(Spec() with { Model = new() { Layers = -1 } }), path: "/api/v1/estimates"), HttpStatusCode.UnprocessableEntity);
        Assert.Contains("found -1", invalid.ErrorAt("$.model.layers"), StringComparison.Ordinal);
        using var malformed = await Problem.Of(await host.PostText("{", path: "/api/v1/estimates"), HttpStatusCode.BadRequest);
        Assert.Contains("not JSON", malformed.ErrorAt("$"), StringComparison.Ordinal);
    }

    private static async Task<JsonElement> Estimate(ApiHost host, RunSpec spec) => await Read<JsonElement>(await host.PostText(Json(spec), path: "/api/v1/estimates"));

    private static string Json(RunSpec spec) => JsonSerializer.Serialize(spec, ContractJson.Options);
}
