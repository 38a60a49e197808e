using System.Net;
using System.Text.Json;
using Contracts;
using Runs;
using Testing;

namespace Api.Tests;

public sealed class WorkersApiTests(PostgresFixture postgres)
{
    private static readonly RunSpec Large = ApiHost.Spec() with
    {
        Data = new() { Dataset = "sbm", Sbm = new() { Nodes = 200_000 } },
        Model = new() { Convolution = Convolution.Gen, Layers = 112, HiddenChannels = 256 },
    };

    [Theory, OnBothStores]
    public async Task A_run_that_fits_no_known_worker_waits_and_says_for_what(StoreKind store)
    {
        await using var host = await ApiHost.Start(store, postgres);
        await host.Get<KnownWorkers>().Report("gpu-1", 2L << 30, 1, ApiHost.Token);
        Assert.Equal("gpu-1", Assert.Single(await host.Get<List<WorkerInfo>>("/api/v1/workers")).Name);

        var run = await host.Post(Large);
        Assert.Equal(RunStatus.Queued, run.Status);
        var read = await host.Get<RunDetail>($"/api/v1/runs/{run.Id}");
        Assert.Contains($"it needs about {MemoryEstimate.Text(run.EstimatedMemoryBytes!.Value)}, and no known worker takes a run of more than 2.0 GiB (gpu-1)", read.WaitsFor, StringComparison.Ordinal);
        Assert.Null((await host.Get<RunDetail>($"/api/v1/runs/{(await host.Post(ApiHost.Spec())).Id}")).WaitsFor);
    }

    [Fact]
    public async Task A_client_that_wants_no_waiting_is_refused_with_both_numbers_and_what_would_fit()
    {
        await using var host = await ApiHost.Start();
        await host.Get<KnownWorkers>().Report("gpu-1", 2L << 30, 1, ApiHost.Token);
        using var unfit = await Problem.Of(await host.PostText(Json(Large), path: "/api/v1/runs?refuseUnfit=true"), HttpStatusCode.UnprocessableEntity);
        Assert.Contains("GiB, more than 2.0 GiB; fits with ", unfit.ErrorAt("$"), StringComparison.Ordinal);
        Assert.Empty((await host.Get<RunPage>("/api/v1/runs")).Items);

        var sweep = $$"""{ "base": {{Json(Large)}}, "axes": [ { "path": "data.sbm.nodes", "values": [100, 200000] } ] }""";
        using var one = await Problem.Of(await host.PostText(sweep, path: "/api/v1/sweeps?refuseUnfit=true"), HttpStatusCode.UnprocessableEntity);
        Assert.Contains("more than 2.0 GiB", one.ErrorAt("$.runs[1]"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Accepted, (await host.PostText(Json(ApiHost.Spec()), path: "/api/v1/runs?refuseUnfit=true")).StatusCode);
    }

    [Fact]
    public async Task An_estimate_tells_the_workers_and_what_would_fit_and_a_budget_that_nothing_keeps_is_refused()
    {
        await using var host = await ApiHost.Start();
        await host.Get<KnownWorkers>().Report("gpu-1", 8L << 30, 1, ApiHost.Token);
        var answer = await ApiHost.Read<MemoryEstimate>(await host.PostText(Json(Large), path: "/api/v1/estimates"));
        Assert.Equal(8L << 30, Assert.Single(answer.Workers).RunMemoryBytes);
        Assert.Contains(answer.Alternatives, other => other.Settings.Contains("model.backbone=rev") && other.TotalBytes < 8L << 30);
        Assert.Contains("more than 8.0 GiB; fits with ", answer.Advice, StringComparison.Ordinal);

        using var nothing = await Problem.Of(await host.PostText(Json(Large), path: "/api/v1/estimates?budgetMiB=100"), HttpStatusCode.UnprocessableEntity);
        Assert.Contains("found 100 MiB for a run that needs about", nothing.ErrorAt("budgetMiB"), StringComparison.Ordinal);
        using var zero = await Problem.Of(await host.PostText(Json(Large), path: "/api/v1/estimates?budgetMiB=0"), HttpStatusCode.BadRequest);
        Assert.Contains("found 0, needed", zero.ErrorAt("budgetMiB"), StringComparison.Ordinal);
    }

    private static string Json(RunSpec spec) => JsonSerializer.Serialize(spec, ContractJson.Options);
}
