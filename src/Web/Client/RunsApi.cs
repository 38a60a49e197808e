using System.Globalization;
using System.Net;
using System.Text.Json;
using Contracts;

namespace Web.Client;

/// <summary>The API's routes as calls. Whatever goes wrong comes out as an <see cref="ApiException"/>.</summary>
public sealed class RunsApi(HttpClient http)
{
    /// <summary>Runs by status and group, newest first.</summary>
    public Task<RunPage> List(RunFilter filter, string? cursor, int limit, CancellationToken cancellation) =>
        Read<RunPage>($"api/v1/runs{RunFilter.Query(("status", filter.StatusText), ("group", filter.Group), ("cursor", cursor), ("limit", limit.ToString(CultureInfo.InvariantCulture)))}", cancellation);

    /// <summary>Null when there is no such run.</summary>
    public async Task<RunDetail?> Get(Guid id, CancellationToken cancellation)
    {
        using var answer = await Send(new(HttpMethod.Get, $"api/v1/runs/{id}"), cancellation);
        if (answer.StatusCode == HttpStatusCode.NotFound) { return null; }
        return await Body<RunDetail>(answer, cancellation);
    }

    /// <summary>More epochs than a chart can show apart; of more, the extremes come.</summary>
    public const int MaxPoints = 4_000;

    /// <summary>Epochs and events stored after the cursor, thinned to what charts need; the API may split a long history, so ask again until nothing comes.</summary>
    public Task<RunHistory> History(Guid id, long after, CancellationToken cancellation) =>
        Read<RunHistory>(string.Create(CultureInfo.InvariantCulture, $"api/v1/runs/{id}/metrics?after={after}&maxPoints={MaxPoints}"), cancellation);

    /// <summary>Figures by layer of the epochs that were diagnosed.</summary>
    public Task<RunLayers> Layers(Guid id, CancellationToken cancellation) => Read<RunLayers>($"api/v1/runs/{id}/layers", cancellation);

    /// <summary>Memory of the training process, where its figures changed.</summary>
    public Task<RunMemory> Memory(Guid id, CancellationToken cancellation) => Read<RunMemory>($"api/v1/runs/{id}/memory", cancellation);

    /// <summary>Workers that are alive, and how large a run each takes.</summary>
    public async Task<IReadOnlyList<WorkerInfo>> Workers(CancellationToken cancellation) =>
        await Read<List<WorkerInfo>>("api/v1/workers", cancellation);

    public async Task<IReadOnlyList<DatasetInfo>> Datasets(CancellationToken cancellation) =>
        await Read<List<DatasetInfo>>("api/v1/datasets", cancellation);

    /// <summary>Posts a run and tells its id.</summary>
    public async Task<Guid> Create(RunSpec spec, CancellationToken cancellation)
    {
        using var answer = await Send(new(HttpMethod.Post, "api/v1/runs") { Content = JsonContent.Create(spec, options: ContractJson.Options) }, cancellation);
        var run = await Body<JsonElement>(answer, cancellation);
        return run.GetProperty("id").GetGuid();
    }

    public Task Cancel(Guid id, CancellationToken cancellation) => Ask(id, "cancel", cancellation);

    /// <summary>cancel, pause or resume.</summary>
    public async Task Ask(Guid id, string verb, CancellationToken cancellation)
    {
        using var answer = await Send(new(HttpMethod.Post, $"api/v1/runs/{id}/{verb}"), cancellation);
        if (!answer.IsSuccessStatusCode) { throw await Refusal(answer, cancellation); }
    }

    private async Task<T> Read<T>(string path, CancellationToken cancellation)
    {
        using var answer = await Send(new(HttpMethod.Get, path), cancellation);
        return await Body<T>(answer, cancellation);
    }

    private async Task<HttpResponseMessage> Send(HttpRequestMessage request, CancellationToken cancellation)
    {
        try
        {
            return await http.SendAsync(request, cancellation);
        }
        catch (HttpRequestException broken)
        {
            throw new ApiException($"{Address} does not answer ({broken.Message})", broken);
        }
        catch (OperationCanceledException late) when (!cancellation.IsCancellationRequested)
        {
            throw new ApiException($"{Address} did not answer within {http.Timeout.TotalSeconds:0} seconds", late);
        }
    }

    private async Task<T> Body<T>(HttpResponseMessage answer, CancellationToken cancellation)
    {
        if (!answer.IsSuccessStatusCode) { throw await Refusal(answer, cancellation); }
        try
        {
            return await answer.Content.ReadFromJsonAsync<T>(ContractJson.Options, cancellation) ?? throw new JsonException("the answer was null");
        }
        catch (Exception unreadable) when (unreadable is JsonException or HttpRequestException or IOException)
        {
            throw new ApiException($"{Address} sent an answer that cannot be read: {unreadable.Message}", unreadable);
        }
    }

    private async Task<ApiException> Refusal(HttpResponseMessage answer, CancellationToken cancellation)
    {
        var status = (int)answer.StatusCode;
        try
        {
            var problem = await answer.Content.ReadFromJsonAsync<Problem>(cancellation);
            // With faults by field, the fields tell the details.
            var message = problem?.Errors is { Count: > 0 } ? problem.Title : problem?.Detail ?? problem?.Title;
            if (message is not null) { return new ApiException(message, status, problem?.Errors ?? []); }
        }
        catch (Exception unreadable) when (unreadable is JsonException or HttpRequestException or IOException or InvalidOperationException)
        {
            // Not a problem document (a proxy's page, say): the status is all there is to tell.
        }

        return new ApiException($"{Address} answered {status} {answer.ReasonPhrase}", status, new Dictionary<string, string[]>());
    }

    private string Address => $"The API at {http.BaseAddress?.ToString().TrimEnd('/')}";

    private sealed record Problem(string? Title, string? Detail, Dictionary<string, string[]>? Errors);
}
