using Contracts;
using GnnService.Client;
using Testing;
using static Api.Tests.ApiHost;
using Client = GnnService.Client;

namespace Api.Tests;

/// <summary>A client that nobody wrote: made of docs/openapi.json while this project is built.</summary>
public sealed class GeneratedClientTests(PostgresFixture postgres)
{
    [Theory, OnBothStores]
    public async Task It_posts_reads_edits_and_cancels_a_run(StoreKind store)
    {
        await using var host = await ApiHost.Start(store, postgres);
        var client = new GnnClient(host.Http);
        var spec = new Client.RunSpec
        {
            Name = "from a client",
            Data = new Client.DataSpec { Dataset = "karate" },
            Model = new Client.ModelSpec { Backbone = Client.Backbone.Res_, Layers = 7 },
            Training = new Client.TrainingSpec { Epochs = 20 },
        };

        var posted = await client.CreateRunAsync(spec, idempotency_Key: "a", cancellationToken: Token);
        var again = await client.CreateRunAsync(spec, idempotency_Key: "a", cancellationToken: Token);
        Assert.Equal((202, posted.Result.Id), (posted.StatusCode, again.Result.Id));
        Assert.Equal("true", again.Headers["Idempotency-Replayed"].Single());
        var id = posted.Result.Id!.Value;

        var read = await client.GetRunAsync(id, Token);
        Assert.Equal((Client.Backbone.Res_, 7, Client.RunStatus.Queued), (read.Result.Spec.Model.Backbone, read.Result.Layers, read.Result.Status));
        var edited = await client.EditRunAsync(id, read.Headers["ETag"].Single(), new Client.RunEdit { Priority = 5 }, Token);
        Assert.Equal(5, edited.Result.Priority);
        Assert.Equal(id, Assert.Single((await client.ListRunsAsync(status: "queued", limit: 10, cancellationToken: Token)).Result.Items).Id);

        var claimed = (await host.Queue.Claim("worker-a", Token))!;
        await host.Recorder.Record(claimed.Id, claimed.Attempt, [Epoch(1) with { ValidLoss = double.NaN }, Epoch(2)], Token);
        var history = (await client.GetRunMetricsAsync(id, maxPoints: 100, cancellationToken: Token)).Result;
        Assert.Equal([double.NaN, 0], history.Epochs.Select(point => point.Figures.ValidLoss));
        Assert.Equal(2, (await client.GetRunAsync(id, Token)).Result.Summaries!["trainLoss"].Count);
        Assert.Equal(Client.RunStatus.Cancelling, (await client.CancelRunAsync(id, Token)).Result.Status);
    }

    [Fact]
    public async Task A_refusal_reaches_it_as_the_problem_it_is()
    {
        await using var host = await ApiHost.Start();
        var client = new GnnClient(host.Http);
        var id = Guid.NewGuid();
        var missing = await Assert.ThrowsAsync<ApiException<ProblemDetails>>(() => client.GetRunAsync(id, Token));
        Assert.Equal((404, "urn:gnnservice:problem:unknown-run"), (missing.StatusCode, missing.Result.Type));
        Assert.Contains(id.ToString(), missing.Result.Detail, StringComparison.Ordinal);

        var spec = new Client.RunSpec { Data = new Client.DataSpec { Dataset = "karate" }, Model = new Client.ModelSpec { Layers = 0 }, Training = new Client.TrainingSpec() };
        var refused = await Assert.ThrowsAsync<ApiException<ProblemDetails>>(() => client.CreateRunAsync(spec, cancellationToken: Token));
        Assert.Equal((422, true), (refused.StatusCode, refused.Result.AdditionalProperties.ContainsKey("errors")));
    }
}
