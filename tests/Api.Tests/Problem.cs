using System.Net;
using System.Text.Json;
using static Api.Tests.ApiHost;

namespace Api.Tests;

/// <summary>An answer that must be problem details in full, and nothing of the service's inside.</summary>
internal sealed class Problem(JsonDocument document) : IDisposable
{
    public JsonElement Root => document.RootElement;
    public string Type => Root.GetProperty("type").GetString()!;
    public string Detail => Root.GetProperty("detail").GetString()!;

    public string ErrorAt(string path) => Root.GetProperty("errors").GetProperty(path)[0].GetString()!;

    public static async Task<Problem> Of(HttpResponseMessage response, HttpStatusCode status)
    {
        var text = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.StatusCode == status, $"found {(int)response.StatusCode}, needed {(int)status}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", text, StringComparison.Ordinal);
        var problem = new Problem(JsonDocument.Parse(text));
        Assert.Equal((int)status, problem.Root.GetProperty("status").GetInt32());
        foreach (var member in (string[])["type", "title", "instance", "traceId"]) { Assert.NotEmpty(problem.Root.GetProperty(member).GetString()!); }
        return problem;
    }

    public void Dispose() => document.Dispose();
}
