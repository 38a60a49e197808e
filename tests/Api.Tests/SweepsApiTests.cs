using System.Net;
using System.Text.Json;
using Contracts;
using Testing;
using static Api.Tests.ApiHost;

namespace Api.Tests;

public sealed class SweepsApiTests(PostgresFixture postgres)
{
    [Theory, OnBothStores]
    public async Task A_sweep_is_queued_as_one_group_in_its_order_and_found_where_the_answer_says(StoreKind store)
    {
        await using var host = await ApiHost.Start(store, postgres);
        var answer = await Post(host, """{"path":"model.backbone","values":["plain","rev"]},{"path":"$.model.layers","values":[7,28]}""", more: ""","seeds":[3,4]""");
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        var sweep = await Read<AcceptedSweep>(answer);

        Assert.Equal(
            ["Plain 7 3", "Plain 28 3", "Reversible 7 3", "Reversible 28 3", "Plain 7 4", "Plain 28 4", "Reversible 7 4", "Reversible 28 4"],
            sweep.Runs.Select(run => $"{run.Backbone} {run.Layers} {run.Seed}"));
        Assert.All(sweep.Runs, run => Assert.Equal(("depth & width", RunStatus.Queued), (run.Group, run.Status)));
        Assert.Equal(sweep.Location, answer.Headers.Location!.OriginalString);
        var listed = await host.Get<RunPage>(sweep.Location);
        Assert.Equal(sweep.Runs.Select(run => run.Id).Reverse(), listed.Items.Select(run => run.Id));
        Assert.Equal(sweep.Runs[0].Id, (await host.Queue.Claim("worker-a", Token))!.Id);
        Assert.Equal(sweep.Runs[1].Id, (await host.Queue.Claim("worker-a", Token))!.Id);
    }

    [Fact]
    public async Task A_sweep_without_a_group_gets_one_of_its_own()
    {
        await using var host = await ApiHost.Start();
        var groups = new HashSet<string>();
        for (var i = 0; i < 2; i++) { groups.Add((await Read<AcceptedSweep>(await Post(host, """{"path":"model.layers","values":[2,3]}""", group: "null"))).Group); }
        Assert.Equal(2, groups.Count);
    }

    [Theory, OnBothStores]
    public async Task One_bad_combination_keeps_all_runs_out_of_the_queue(StoreKind store)
    {
        await using var host = await ApiHost.Start(store, postgres);
        var axes = """{"path":"model.hiddenChannels","values":[64,30]},{"path":"model.backbone","values":["res","rev"]},{"path":"model.groups","values":[2,4]},{"path":"model.layers","values":[7,-1]}""";
        using var problem = await Problem.Of(await Post(host, axes), HttpStatusCode.UnprocessableEntity);
        Assert.Equal("urn:gnnservice:problem:invalid-sweep", problem.Type);
        Assert.StartsWith("$.model.layers: found -1, needed a number from 1 to 2000; in 8 of 16 combinations, the first with model.hiddenChannels=64, model.backbone=res,", problem.ErrorAt("$.axes[3].values[1]"), StringComparison.Ordinal);
        Assert.Contains("first with model.hiddenChannels=30, model.backbone=rev, model.groups=4", problem.ErrorAt("$.axes[2].values[1]"), StringComparison.Ordinal);
        Assert.Empty((await host.Get<RunPage>("/api/v1/runs")).Items);
    }

    [Theory]
    [InlineData("""{"path":"model.depth","values":[1]}""", "", 422, "$.axes[0].values[0]", "$.model.depth: found an unknown member")]
    [InlineData("""{"path":"model.layers","values":["deep"]}""", "", 422, "$.axes[0].values[0]", "$.model.layers: found \"deep\", needed a whole number")]
    [InlineData("""{"path":"data.dataset","values":["karate","cara"]}""", "", 422, "$.axes[0].values[1]", "did you mean cora")]
    [InlineData("""{"path":"model.layers","values":[]}""", "", 422, "$.axes[0].values", "found 0 values, needed 1 to 200")]
    [InlineData("""{"path":"model.layers","values":[7,8,7.0]}""", "", 422, "$.axes[0].values", "found 7.0 more than once")]
    [InlineData("""{"path":"model.layers[0]","values":[7]}""", "", 422, "$.axes[0].path", "needed the path of a member, like model.layers")]
    [InlineData("""{"path":"seed","values":[7]}""", "", 422, "$.axes[0].path", "seeds are a list of their own")]
    [InlineData("""{"path":"model","values":[{"layers":2}]},{"path":"model.layers","values":[7]}""", "", 422, "$.axes[1].path", "beside the axis \"model\"")]
    [InlineData("null", "", 422, "$.axes[0]", "needed an axis")]
    [InlineData("""{"path":"model.layers","values":[1,2]}""", ""","seeds":[1,1]""", 422, "$.seeds", "found 1, 1, needed each seed once")]
    [InlineData("""{"path":"model.layers","values":[1,2]}""", ""","random":{"count":3}""", 422, "$.random.count", "found 3, needed a number from 1 to 2")]
    [InlineData("""{"path":"model.layers"}""", "", 400, "$.axes[0].values", "found nothing, needed an array")]
    [InlineData("""{"path":"model.layers","values":[1]}""", ""","dice":1""", 400, "$.dice", "unknown member, needed one of base, axes, seeds, random")]
    public async Task A_bad_sweep_is_refused_with_the_place(string axes, string more, int status, string path, string message)
    {
        await using var host = await ApiHost.Start();
        using var problem = await Problem.Of(await Post(host, axes, more: more), (HttpStatusCode)status);
        Assert.Contains(message, problem.ErrorAt(path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_many_runs_are_refused_with_both_numbers()
    {
        await using var host = await ApiHost.Start();
        var depths = string.Join(",", Enumerable.Range(1, 101));
        using var problem = await Problem.Of(await Post(host, $$"""{"path":"model.layers","values":[{{depths}}]}""", more: ""","seeds":[0,1,2,3,4]"""), HttpStatusCode.UnprocessableEntity);
        Assert.Equal("found 505 runs (101 combinations with 5 seeds each), needed at most 500", problem.ErrorAt("$.axes"));
    }

    [Theory, OnBothStores]
    public async Task The_table_of_a_group_has_a_row_a_run_and_a_column_for_each_member_that_differs(StoreKind store)
    {
        await using var host = await ApiHost.Start(store, postgres);
        var sweep = await Read<AcceptedSweep>(await Post(host, """{"path":"model.layers","values":[7,28]},{"path":"training.learningRate","values":[0.01,0.5]}"""));
        var run = (await host.Queue.Claim("worker-a", Token))!;
        var started = new StartedEvent { At = DateTimeOffset.UtcNow, Dataset = "karate", Metric = "accuracy", Device = "cpu", Nodes = 34 };
        await host.Recorder.Record(run.Id, run.Attempt, [started, Epoch(1) with { Seconds = 0.5 }, Epoch(2) with { Seconds = 0.25 }, Finished], Token);

        var answer = await host.Http.GetAsync(sweep.Csv, Token);
        Assert.Equal("text/csv", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal("depth & width.csv", answer.Content.Headers.ContentDisposition!.FileName!.Trim('"'));
        var lines = (await answer.Content.ReadAsStringAsync(Token)).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("id,name,seed,model.layers,training.learningRate,status,metric,valid,test,bestEpoch,epochs,seconds,peakMemoryBytes", lines[0]);
        Assert.Equal($"{run.Id},\"base, layers=7, learningRate=0.01\",0,7,0.01,succeeded,accuracy,0.7,0.6,2,2,0.75,1000", lines[1]);
        Assert.EndsWith(",0,28,0.5,queued,,,,,0,0,", lines[4], StringComparison.Ordinal);
        Assert.Equal(5, lines.Length);
    }

    [Fact]
    public async Task The_table_of_a_group_is_found_by_any_label_and_of_no_group_is_refused()
    {
        await using var host = await ApiHost.Start();
        await host.Post(Spec(group: "a/b.csv, \"c\" 100%"));
        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync($"/api/v1/sweeps/{Uri.EscapeDataString("a/b.csv, \"c\" 100%")}.csv", Token)).StatusCode);
        using var unknown = await Problem.Of(await host.Http.GetAsync("/api/v1/sweeps/nothing.csv", Token), HttpStatusCode.NotFound);
        Assert.Equal("urn:gnnservice:problem:unknown-group", unknown.Type);
        using var control = await Problem.Of(await host.Http.GetAsync("/api/v1/sweeps/a%01b.csv", Token), HttpStatusCode.BadRequest);
    }

    private static Task<HttpResponseMessage> Post(ApiHost host, string axes, string more = "", string group = "\"depth & width\"")
    {
        const string Rest = """
            ,"data":{"dataset":"karate"},"model":{},"training":{}}
            """;
        return host.PostText($"{{\"base\":{{\"name\":\"base\",\"group\":{group}{Rest},\"axes\":[{axes}]{more}}}", path: "/api/v1/sweeps");
    }
}
