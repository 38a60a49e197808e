using System.Net;
using System.Text.Json;
using Contracts;
using Testing;
using static Api.Tests.ApiHost;

namespace Api.Tests;

public sealed class ExportTests(PostgresFixture postgres)
{
    [Theory, OnBothStores]
    public async Task Epochs_come_as_CSV_with_every_metric_and_in_JSON_as_the_history_has_them(StoreKind store)
    {
        await using var host = await ApiHost.Start(store, postgres);
        var run = await host.ClaimedRun();
        await host.Recorder.Record(run.Id, run.Attempt, [Epoch(1) with { ValidLoss = double.NaN }, Epoch(2) with { Metrics = new Dictionary<string, double> { ["test.iou.wall"] = 0.25 } }], Token);

        var answer = await host.Http.GetAsync($"/api/v1/runs/{run.Id}/epochs.csv", HttpCompletionOption.ResponseHeadersRead, Token);
        Assert.Equal(("text/csv", $"{run.Id}.csv"), (answer.Content.Headers.ContentType?.MediaType, answer.Content.Headers.ContentDisposition?.FileName));
        Assert.Null(answer.Content.Headers.ContentLength); // sent in pieces as it is read, its length unknown before
        var lines = (await answer.Content.ReadAsStringAsync(Token)).Split("\r\n");
        Assert.Equal("epoch,attempt,at,isBest,trainLoss,validLoss,testLoss,trainMetric,validMetric,testMetric,learningRate,seconds,nodesPerSecond,peakMemoryBytes,test.iou.wall", lines[0]);
        Assert.Matches("""^1,1,\d{4}-\d\d-\d\dT[\d:.]+Z,true,1,NaN,0,0,0.001,0.5,0,0,0,1000,$""", lines[1]);
        Assert.EndsWith(",1000,0.25", lines[2], StringComparison.Ordinal);
        Assert.Equal(["", "4"], [lines[3], $"{lines.Length}"]);

        var points = await host.Get<List<EpochPoint>>($"/api/v1/runs/{run.Id}/epochs.json");
        var history = await host.Get<RunHistory>($"/api/v1/runs/{run.Id}/metrics");
        Assert.Equal(JsonSerializer.Serialize(history.Epochs, ContractJson.Options), JsonSerializer.Serialize(points, ContractJson.Options));
        using var missing = await Problem.Of(await host.Http.GetAsync($"/api/v1/runs/{Guid.NewGuid()}/epochs.csv", Token), HttpStatusCode.NotFound);
    }

    [Theory, OnBothStores]
    public async Task All_runs_are_exported_in_the_order_of_the_list(StoreKind store)
    {
        await using var host = await ApiHost.Start(store, postgres);
        await host.Queue.CreateAll([.. Enumerable.Range(0, 603).Select(i => Spec($"run \"{i}\", a", i % 2 == 0 ? "even" : "odd"))], Token);

        var all = await host.Get<List<RunSummary>>("/api/v1/runs.json");
        Assert.Equal(Enumerable.Range(0, 603).Reverse().Select(i => $"run \"{i}\", a"), all.Select(run => run.Name));
        var even = (await host.Http.GetStringAsync("/api/v1/runs.csv?group=even&status=queued", Token)).Split("\r\n");
        Assert.Equal(1 + 302 + 1, even.Length);
        Assert.StartsWith($"{all[0].Id},\"run \"\"602\"\", a\",even,queued,karate,", even[1], StringComparison.Ordinal);
        using var wrong = await Problem.Of(await host.Http.GetAsync("/api/v1/runs.csv?status=lost", Token), HttpStatusCode.BadRequest);
        Assert.StartsWith("found \"lost\", needed some of queued,", wrong.ErrorAt("status"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("99"), InlineData("10001"), InlineData("many")]
    public async Task A_number_of_points_that_cannot_be_is_refused(string points)
    {
        await using var host = await ApiHost.Start();
        var run = await host.ClaimedRun();
        using var problem = await Problem.Of(await host.Http.GetAsync($"/api/v1/runs/{run.Id}/metrics?maxPoints={points}", Token), HttpStatusCode.BadRequest);
        Assert.Contains($"found {(points == "many" ? "\"many\"" : points)}, needed a whole number", problem.ErrorAt("maxPoints"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_history_is_thinned_to_the_points_asked_for_and_the_run_has_its_summaries()
    {
        await using var host = await ApiHost.Start();
        var run = await host.ClaimedRun();
        await host.Recorder.Record(run.Id, run.Attempt, [.. Enumerable.Range(1, 2_000).Select(Epoch)], Token);
        var thinned = await host.Get<RunHistory>($"/api/v1/runs/{run.Id}/metrics?maxPoints=200");
        Assert.InRange(thinned.Epochs.Count, 100, 200);
        Assert.Equal(2_000, (await host.Get<RunHistory>($"/api/v1/runs/{run.Id}/metrics")).Epochs.Count);
        Assert.Equal((2_000, 0.001, 2.0), (await host.Get<RunDetail>($"/api/v1/runs/{run.Id}")).Summaries["validMetric"] is var summary ? (summary.Count, summary.Min!.Value, summary.Max!.Value) : default);
    }
}
