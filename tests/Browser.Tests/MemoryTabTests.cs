using System.Globalization;
using System.Net.Http.Json;
using Contracts;
using Microsoft.Playwright;
using Testing;

namespace Browser.Tests;

/// <summary>A small run trained by the whole service: its Memory tab shows what the API says of it.</summary>
public sealed class MemoryTabTests(Chromium chromium)
{
    private const double MiB = 1 << 20;

    [Fact]
    public async Task The_memory_tab_shows_the_figures_of_the_api_and_fits_a_phone()
    {
        using var folder = TestFolders.NewTemporary();
        using var service = await HostProcess.Start("Standalone/gnnservice.dll", new Dictionary<string, string> { ["GNN_DATA"] = folder.Path }, "--data", folder.Path);
        using var http = new HttpClient { BaseAddress = new Uri(service.Url) };
        var run = await Trained(http, service);
        var memory = (await http.GetFromJsonAsync<RunMemory>($"/api/v1/runs/{run}/memory", ContractJson.Options, TestContext.Current.CancellationToken))!.Epochs;
        Assert.NotEmpty(memory);

        await using var viewer = await chromium.Viewer(ColorScheme.Light, width: 360);
        await viewer.Open($"{service.Url}/runs/{run}");
        await viewer.Eventually(async () => (await viewer.EpochsOf(0, "train")).Length == 40, () => "the charts stayed empty", seconds: 60);
        await viewer.Click(AriaRole.Tab, "Memory");
        var phases = viewer.Page.GetByRole(AriaRole.Region, new() { Name = "Peaks by phase" });
        await phases.WaitForAsync();
        Assert.Equal(
            new[] { ByPhase("Forward", each => each.Forward), ByPhase("Backward", each => each.Backward), ByPhase("Optimiser", each => each.Optimizer), ByPhase("Evaluation", each => each.Evaluation) },
            await Rows(phases, columns: 3));

        var kinds = viewer.Page.GetByRole(AriaRole.Region, new() { Name = "Highest bytes by kind" });
        Assert.Equal(
            new[]
            {
                ByKind("Parameters", live => live.ParameterBytes), ByKind("Gradients", live => live.GradientBytes), ByKind("Optimiser, best weights", live => live.OptimizerBytes),
                ByKind("Graph and features", live => live.GraphBytes), ByKind("Largest mini-batch", live => live.BatchBytes), ByKind("Activations", live => live.ActivationBytes),
            },
            (await Rows(kinds, columns: 2)).Take(6));

        // The charts hold the same peaks, in mebibytes as they are.
        await viewer.Eventually(async () => (await Drawn(viewer, "forward")).Length > 0, () => "the chart of the phases stayed empty");
        Assert.Equal(memory.Max(each => each.Forward.ResidentPeakBytes) / MiB, (await Drawn(viewer, "forward")).Max(), 1e-9);
        Assert.Equal(memory.Max(each => each.Backward.ResidentPeakBytes) / MiB, (await Drawn(viewer, "backward")).Max(), 1e-9);
        Assert.Equal(0, await viewer.Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));
        Assert.Empty(viewer.Complaints);

        string ByPhase(string name, Func<MemoryEvent, PhaseMemory?> phase) =>
            $"{name}|{Text(memory.Max(each => phase(each)?.ResidentPeakBytes))}|{Text(memory.Max(each => phase(each)?.LivePeakBytes))}";

        string ByKind(string name, Func<LiveMemory, long?> kind) => $"{name}|{Text(memory.Max(each => kind(each.Live)))}";
    }

    private static async Task<Guid> Trained(HttpClient http, HostProcess service)
    {
        var spec = new RunSpec
        {
            Name = "small", Data = new() { Dataset = "karate" }, Model = new() { Convolution = Convolution.Gcn, Backbone = Backbone.ResPlus, Layers = 4, HiddenChannels = 64 },
            Training = new() { Epochs = 40 },
        };
        using var answer = await http.PostAsJsonAsync("/api/v1/runs", spec, ContractJson.Options, TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
        var run = (await answer.Content.ReadFromJsonAsync<RunDetail>(ContractJson.Options, TestContext.Current.CancellationToken))!.Id;
        for (var end = DateTime.UtcNow.AddMinutes(2); ; await Task.Delay(100, TestContext.Current.CancellationToken))
        {
            var detail = (await http.GetFromJsonAsync<RunDetail>($"/api/v1/runs/{run}", ContractJson.Options, TestContext.Current.CancellationToken))!;
            if (detail.Status == RunStatus.Succeeded) { return run; }
            if (detail.FinishedAt is not null || DateTime.UtcNow > end) { Assert.Fail($"the run is {detail.Status} ({detail.FailureMessage}):\n{service.Log}"); }
        }
    }

    /// <summary>The first cells of each row, as the page shows them.</summary>
    private static async Task<string[]> Rows(ILocator region, int columns) => await region.EvaluateAsync<string[]>(
        "(region, columns) => [...region.querySelectorAll('tbody tr')].map(row => [...row.children].slice(0, columns).map(cell => cell.innerText.trim()).join('|'))", columns);

    private static async Task<double[]> Drawn(Viewer viewer, string line) => await viewer.Page.EvaluateAsync<double[]>(
        """
        line => [...document.querySelectorAll('.canvas')].map(canvas => echarts.getInstanceByDom(canvas)).filter(chart => chart)
          .flatMap(chart => chart.getOption().series).filter(series => series.id === line).flatMap(series => series.data.map(point => point[1]))
        """, line);

    /// <summary>Bytes in whole mebibytes, with a decimal below ten of them, in kibibytes below a tenth of one.</summary>
    private static string Text(long? bytes) => bytes switch
    {
        null => "–",
        < 100 << 10 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0} KiB"),
        < 10 << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / MiB:0.0} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / MiB:0} MiB"),
    };
}
