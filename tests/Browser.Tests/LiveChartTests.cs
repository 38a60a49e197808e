using Contracts;
using Microsoft.Playwright;

namespace Browser.Tests;

public sealed class LiveChartTests(Chromium chromium, DashboardWorld world) : IClassFixture<DashboardWorld>
{
    [Fact]
    public async Task Points_arrive_in_the_chart_while_the_zoom_stays()
    {
        var run = world.Running(epochs: 100);
        await using var viewer = await chromium.Viewer();
        await viewer.Open($"{world.Url}/runs/{run.Id}");
        await Reaches(viewer, 100);

        await viewer.Page.Locator(".canvas").First.FocusAsync();
        await viewer.Page.Keyboard.PressAsync("+");
        await viewer.Eventually(async () => (await viewer.WindowOf(0))[1] < 100, () => "the key did not zoom");
        var window = await viewer.WindowOf(0);

        for (var epoch = 101; epoch <= 130; epoch++) { await Store(run, epoch); }
        await Reaches(viewer, 130);
        Assert.Equal(window, await viewer.WindowOf(0));
        // The other charts share the zoom.
        Assert.Equal(window, await viewer.WindowOf(1));

        await viewer.Page.Locator(".when-zoomed").First.ClickAsync();
        await viewer.Eventually(async () => (await viewer.WindowOf(0)) is [1, 130], () => "the zoom was not reset");
        Assert.Empty(viewer.Complaints);
    }

    [Fact]
    public async Task A_chart_has_each_epoch_once_after_the_api_was_away()
    {
        var run = world.Running(epochs: 20);
        await using var viewer = await chromium.Viewer();
        await viewer.Open($"{world.Url}/runs/{run.Id}");
        await Reaches(viewer, 20);

        await world.Server.Stop();
        await viewer.Page.GetByText("No connection to the API").WaitForAsync();
        for (var epoch = 21; epoch <= 30; epoch++) { run.Store(DashboardWorld.Epoch(epoch, 0.8)); }
        await world.Server.Start();

        await Reaches(viewer, 30);
        await viewer.Page.GetByText("No connection to the API").WaitForAsync(new() { State = WaitForSelectorState.Hidden });
        Assert.Equal(Enumerable.Range(1, 30).Select(epoch => (double)epoch), await viewer.EpochsOf(0, "train"));
    }

    [Fact]
    public async Task A_resumed_run_shows_the_new_attempt_only()
    {
        var run = world.Running(epochs: 25);
        await using var viewer = await chromium.Viewer();
        await viewer.Open($"{world.Url}/runs/{run.Id}");
        await Reaches(viewer, 25);

        var cursor = run.Row.Seq;
        run.StoreAttempt(2, resumedFrom: 20);
        await run.Send(cursor);
        await Reaches(viewer, 20);
        await Store(run, 21);
        await Reaches(viewer, 21);
    }

    [Fact]
    public async Task A_logarithmic_scale_and_the_table_show_the_same_figures()
    {
        await using var viewer = await chromium.Viewer();
        await viewer.Open($"{world.Url}/runs/{world.Diverged.Id}");
        await Reaches(viewer, 20);
        await viewer.Click(AriaRole.Button, "log");
        await viewer.Eventually(async () => await viewer.Page.EvaluateAsync<string>("echarts.getInstanceByDom(document.querySelector('.canvas')).getOption().yAxis[0].type") == "log", () => "the scale stayed linear");

        await viewer.Click(AriaRole.Tab, "Table");
        var first = viewer.Page.Locator(".figures-table tbody tr").Filter(new() { HasText = "NaN" });
        Assert.Contains("20", await first.First.InnerTextAsync(), StringComparison.Ordinal);
        Assert.Empty(viewer.Complaints);
    }

    [Fact]
    public async Task A_run_appears_on_the_list_and_is_cancelled_from_its_row()
    {
        await using var viewer = await chromium.Viewer();
        await viewer.Open(world.Url);
        await viewer.Page.GetByRole(AriaRole.Link, new() { Name = "too hot" }).WaitForAsync();
        var run = world.Server.Add(row => row with { Name = "to be cancelled" });
        await run.SendRow();

        await viewer.Click(AriaRole.Button, "Cancel to be cancelled");
        await viewer.Click(AriaRole.Button, "Cancel the run");
        await viewer.Eventually(async () => (await viewer.Page.Locator("tr", new() { HasText = "to be cancelled" }).InnerTextAsync()).Contains("cancelled\n", StringComparison.Ordinal) && run.Row.Status == RunStatus.Cancelled, () => $"the run is {run.Row.Status}");
        Assert.Empty(viewer.Complaints);
    }

    private static Task Store(Web.Tests.StoredRun run, int epoch)
    {
        var cursor = run.Row.Seq;
        run.Store(DashboardWorld.Epoch(epoch, 0.8));
        return run.Send(cursor);
    }

    private static Task Reaches(Viewer viewer, int epoch) =>
        viewer.Eventually(async () => (await viewer.EpochsOf(0, "train")).LastOrDefault() == epoch, () => $"the chart did not reach epoch {epoch}");
}
