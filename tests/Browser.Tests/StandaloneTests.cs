using Microsoft.Playwright;
using Testing;

namespace Browser.Tests;

/// <summary>The whole service as one process, with nothing but what it brings along: a person starts a run and watches it.</summary>
public sealed class StandaloneTests(Chromium chromium)
{
    [Fact]
    public async Task A_run_started_in_the_page_is_trained_and_its_points_arrive_in_the_chart()
    {
        using var folder = TestFolders.NewTemporary();
        using var service = await HostProcess.Start("Standalone/gnnservice.dll", new Dictionary<string, string> { ["GNN_DATA"] = folder.Path }, "--data", folder.Path);
        await using var viewer = await chromium.Viewer(ColorScheme.Dark, width: 360);
        await viewer.Open(service.Url);
        await viewer.Page.GetByText("No runs yet").WaitForAsync();
        await viewer.Page.GetByRole(AriaRole.Link, new() { Name = "New run" }).Last.ClickAsync();

        await viewer.Page.GetByLabel("Dataset").ClickAsync();
        await viewer.Page.GetByText("karate", new() { Exact = false }).First.ClickAsync();
        await viewer.Page.GetByLabel("Depth (layers)").FillAsync("4");
        await viewer.Page.GetByLabel("Epochs", new() { Exact = true }).FillAsync("120");
        await viewer.Page.Locator(".summary", new() { HasText = "4 layers" }).Filter(new() { HasText = "on karate, 120 epochs" }).WaitForAsync();
        await viewer.Click(AriaRole.Button, "Start run");
        await viewer.Page.WaitForURLAsync(url => Guid.TryParse(url.Split('/')[^1], out _), new() { Timeout = 15_000 });

        double[] drawn = [];
        await viewer.Eventually(async () => (await viewer.EpochsOf(0, "train")).Length > 0, () => $"no point arrived:\n{service.Log}", seconds: 120);
        await viewer.Eventually(async () => await viewer.Page.Locator(".run-line .status.succeeded").CountAsync() == 1, () => $"the run did not succeed:\n{service.Log}", seconds: 120);
        await viewer.Eventually(async () => (drawn = await viewer.EpochsOf(1, "test")).Length == 120,
            () => $"120 points of the test metric should be drawn, found {drawn.Length} ({string.Join(' ', drawn)}):\n{service.Log}");
        Assert.Equal(Enumerable.Range(1, 120).Select(epoch => (double)epoch), await viewer.EpochsOf(0, "valid"));
        Assert.Equal(0, await viewer.Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));

        await viewer.Click(AriaRole.Tab, "Log");
        await viewer.Page.Locator(".log .of-finished").WaitForAsync();
        await viewer.Click(AriaRole.Link, "Runs");
        Assert.Contains("120 / 120", await viewer.Page.Locator(".runs tbody tr").First.InnerTextAsync(), StringComparison.Ordinal);
        Assert.Empty(viewer.Complaints);
    }
}
