using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Contracts;

namespace Cli;

/// <summary>The service said no; the message is its problem's detail.</summary>
internal sealed class ApiException(string message) : Exception(message);

internal sealed class ApiClient(HttpClient http)
{
    /// <summary>Asks until the service is ready or the time is over.</summary>
    public async Task<bool> IsReady(TimeSpan patience)
    {
        var until = DateTimeOffset.UtcNow + patience;
        while (DateTimeOffset.UtcNow < until)
        {
            try
            {
                using var response = await http.GetAsync("health/ready");
                if (response.IsSuccessStatusCode) { return true; }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(100);
        }

        return false;
    }

    public Task<RunSummary> Submit(RunSpec spec) => Submit(JsonSerializer.Serialize(spec, ContractJson.Options));

    public async Task<RunSummary> Submit(string spec, int priority = 0) =>
        await Read<RunDetail>(await http.PostAsync($"api/v1/runs?priority={priority}", new StringContent(spec, Encoding.UTF8, "application/json")));

    /// <summary>cancel, pause, resume or clone.</summary>
    public async Task<RunSummary> Ask(Guid id, string verb) => await Read<RunDetail>(await http.PostAsync($"api/v1/runs/{id}/{verb}", null));

    public async Task<RunRepro> Repro(Guid id) => await Read<RunRepro>(await http.GetAsync($"api/v1/runs/{id}/repro"));

    public async Task<AcceptedSweep> Sweep(string sweep) =>
        await Read<AcceptedSweep>(await http.PostAsync("api/v1/sweeps", new StringContent(sweep, Encoding.UTF8, "application/json")));

    public async Task<RunSummary> Run(Guid id) => await Read<RunDetail>(await http.GetAsync($"api/v1/runs/{id}"));

    public async Task<IReadOnlyList<DatasetInfo>> Datasets() => await Read<List<DatasetInfo>>(await http.GetAsync("api/v1/datasets"));

    /// <summary>The newest runs first, of all groups or one, over as many pages as it takes.</summary>
    public async Task<IReadOnlyList<RunSummary>> Runs(string? group, int limit = int.MaxValue)
    {
        var runs = new List<RunSummary>();
        string? cursor = null;
        do
        {
            var query = $"api/v1/runs?limit={Math.Min(limit, 200)}";
            if (group is not null) { query += $"&group={Uri.EscapeDataString(group)}"; }
            if (cursor is not null) { query += $"&cursor={Uri.EscapeDataString(cursor)}"; }
            var page = await Read<RunPage>(await http.GetAsync(query));
            runs.AddRange(page.Items);
            cursor = page.NextCursor;
        }
        while (cursor is not null && runs.Count < limit);
        return runs;
    }

    private static async Task<T> Read<T>(HttpResponseMessage response)
    {
        using (response)
        {
            if (response.IsSuccessStatusCode) { return (await response.Content.ReadFromJsonAsync<T>(ContractJson.Options))!; }
            throw new ApiException($"{(int)response.StatusCode}: {await Problem(response)}");
        }
    }

    private static async Task<string> Problem(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        try
        {
            using var problem = JsonDocument.Parse(text);
            var lines = new List<string>();
            if (problem.RootElement.TryGetProperty("title", out var title)) { lines.Add(title.ToString()); }
            if (problem.RootElement.TryGetProperty("detail", out var detail)) { lines.Add(detail.ToString()); }
            if (problem.RootElement.TryGetProperty("errors", out var errors)) { lines.Add(errors.ToString()); }
            return string.Join(" - ", lines);
        }
        catch (JsonException)
        {
            return text;
        }
    }
}
