using System.Net;
using System.Text;
using Contracts;
using Testing;

namespace Api.Tests;

/// <summary>Edits, pause and resume, clones, and what a repetition needs.</summary>
public sealed class EditTests(PostgresFixture postgres)
{
    [Theory, OnBothStores]
    public async Task An_edit_needs_the_version_it_was_made_of(StoreKind store)
    {
        await using var host = await ApiHost.Start(store, postgres);
        var run = await host.Post(ApiHost.Spec());
        var etag = (await host.Http.GetAsync($"/api/v1/runs/{run.Id}", ApiHost.Token)).Headers.ETag!.Tag;

        Assert.Equal((HttpStatusCode)428, (await Edit(host, run.Id, """{"priority":5}""", null)).StatusCode);
        var edited = await Edit(host, run.Id, """{"name":"better","tags":["a","b","a"],"notes":"two\nlines","priority":5}""", etag);
        var detail = await ApiHost.Read<RunDetail>(edited);
        Assert.Equal(("better", "two\nlines", 5), (detail.Name, detail.Notes, detail.Priority));
        Assert.Equal(["a", "b"], detail.Tags);
        Assert.NotEqual(etag, edited.Headers.ETag!.Tag);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await Edit(host, run.Id, """{"notes":"lost update"}""", etag)).StatusCode);
        Assert.Equal("better", (await host.Get<RunDetail>($"/api/v1/runs/{run.Id}")).Name);
    }

    [Theory]
    [InlineData("{\"priority\":1001}", 422)]
    [InlineData("{\"name\":\"\"}", 422)]
    [InlineData("{\"tags\":[\"\"]}", 422)]
    [InlineData("{\"notes\":\"a\\u0000\"}", 422)]
    [InlineData("{\"seed\":1}", 400)]
    [InlineData("{\"priority\":\"high\"}", 400)]
    [InlineData("null", 400)]
    [InlineData("", 400)]
    public async Task An_edit_that_cannot_be_is_refused_by_name(string body, int status)
    {
        await using var host = await ApiHost.Start();
        var run = await host.Post(ApiHost.Spec());
        Assert.Equal(status, (int)(await Edit(host, run.Id, body, "*")).StatusCode);
    }

    [Fact]
    public async Task A_queued_run_is_paused_and_resumed_and_a_finished_one_is_not()
    {
        await using var host = await ApiHost.Start();
        var run = await host.ClaimedRun();
        var waiting = await host.Post(ApiHost.Spec());
        Assert.Equal(RunStatus.Paused, (await Ask(host, waiting.Id, "pause")).Status);
        Assert.Equal(RunStatus.Queued, (await Ask(host, waiting.Id, "resume")).Status);
        await host.Recorder.Record(run.Id, run.Attempt, [ApiHost.Finished], ApiHost.Token);
        Assert.Equal(HttpStatusCode.Conflict, (await host.Http.PostAsync($"/api/v1/runs/{run.Id}/pause", null, ApiHost.Token)).StatusCode);
    }

    [Fact]
    public async Task A_clone_has_the_spec_and_the_seed_and_tells_what_it_repeats()
    {
        await using var host = await ApiHost.Start();
        var run = await host.Post(ApiHost.Spec() with { Seed = 11 });
        var clone = await Ask(host, run.Id, "clone?priority=3");
        Assert.Equal((run.Id, 3, 11, RunStatus.Queued), (clone.ClonedFrom, clone.Priority, clone.Seed, clone.Status));
        Assert.Equal(System.Text.Json.JsonSerializer.Serialize(run.Spec, ContractJson.Options), System.Text.Json.JsonSerializer.Serialize(clone.Spec, ContractJson.Options));
    }

    [Fact]
    public async Task What_a_repetition_needs_is_told()
    {
        await using var host = await ApiHost.Start();
        var run = await host.ClaimedRun();
        var started = new StartedEvent { At = DateTimeOffset.UtcNow, Dataset = "karate", Metric = "accuracy", Device = "cpu", Threads = 2, CodeVersion = "1.0.0+abc", DataSha256 = "d1", Platform = "Linux" };
        await host.Recorder.Record(run.Id, run.Attempt, [started, ApiHost.Finished with { WeightsSha256 = "f00" }], ApiHost.Token);
        var repro = await host.Get<RunRepro>($"/api/v1/runs/{run.Id}/repro");
        Assert.Equal(("1.0.0+abc", "d1", "Linux", "cpu", 2, "f00"), (repro.CodeVersion, repro.DataSha256, repro.Platform, repro.Device, repro.Threads, repro.WeightsSha256));
    }

    private static async Task<RunDetail> Ask(ApiHost host, Guid run, string verb) =>
        await ApiHost.Read<RunDetail>(await host.Http.PostAsync($"/api/v1/runs/{run}/{verb}", null, ApiHost.Token));

    private static Task<HttpResponseMessage> Edit(ApiHost host, Guid run, string body, string? etag)
    {
        var request = new HttpRequestMessage(HttpMethod.Patch, $"/api/v1/runs/{run}") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (etag is not null) { request.Headers.TryAddWithoutValidation("If-Match", etag); }
        return host.Http.SendAsync(request, ApiHost.Token);
    }
}
