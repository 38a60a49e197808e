using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Contracts;
using Microsoft.AspNetCore.SignalR.Client;
using OpenTelemetry;
using OpenTelemetry.Trace;
using Runs;
using static Api.Tests.ApiHost;

namespace Api.Tests;

public sealed class TelemetryTests
{
    [Fact]
    public async Task A_run_belongs_to_the_trace_of_its_request()
    {
        await using var host = await ApiHost.Start();
        var trace = ActivityTraceId.CreateRandom();
        var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/runs") { Content = new StringContent(JsonSerializer.Serialize(Spec(), ContractJson.Options), Encoding.UTF8, "application/json") };
        request.Headers.Add("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01");
        await ApiHost.Read<RunDetail>(await host.Http.SendAsync(request, Token));
        Assert.StartsWith($"00-{trace}-", (await host.Queue.Claim("worker-a", Token))!.TraceParent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_trace_and_no_log_holds_a_key_or_a_token()
    {
        const string admin = "an-admin-key-that-nobody-can-guess-9876543210";
        var spans = new List<string>();
        using var traces = Sdk.CreateTracerProviderBuilder().AddRunSources().AddProcessor(new Told(spans)).Build();
        await using var host = await ApiHost.Start(null, ("Gnn:Keys", "required"), ("Gnn:AdminKey", admin));
        host.Http.DefaultRequestHeaders.Authorization = new("Bearer", admin);
        var key = await Read<NewKey>(await host.PostText("{\"name\":\"ci\",\"scope\":\"viewer\"}", path: "/api/v1/keys"));
        await using var connection = new HubConnectionBuilder().WithUrl(new Uri(host.Http.BaseAddress!, RunHub.Path), http => http.AccessTokenProvider = () => Task.FromResult<string?>(key.Token)).Build();
        await connection.StartAsync(Token);
        await connection.InvokeAsync(nameof(IRunHub.WatchRuns), Token);
        await connection.StopAsync(Token);
        (await host.Http.PostAsync($"{RunHub.Path}/negotiate?negotiateVersion=1&access_token={key.Token}", null, Token)).Dispose();
        (await host.PostText("{\"data\":", path: $"/api/v1/runs?priority={key.Token}")).Dispose();
        traces.ForceFlush();

        string[] told;
        lock (spans) { told = [.. spans]; }
        Assert.Contains(told, span => span.Contains("/hubs/runs/negotiate", StringComparison.Ordinal));
        foreach (var secret in (string[])[admin, key.Token.Split('_', 3)[2]])
        {
            Assert.DoesNotContain(told, span => span.Contains(secret, StringComparison.Ordinal));
            Assert.DoesNotContain(secret, host.Log.ToString(), StringComparison.Ordinal);
        }
    }

    private sealed class Told(List<string> spans) : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data)
        {
            lock (spans) { spans.Add($"{data.DisplayName} {string.Join(' ', data.TagObjects.Select(tag => $"{tag.Key}={tag.Value}"))} {string.Join(' ', data.Events.SelectMany(e => e.Tags).Select(tag => $"{tag.Key}={tag.Value}"))}"); }
        }
    }
}
