using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Browser.Tests;

public sealed class EveryPageTests(Chromium chromium, DashboardWorld world) : IClassFixture<DashboardWorld>
{
    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task A_page_has_no_accessibility_violation_and_no_complaint_in_the_console(ColorScheme scheme)
    {
        await using var viewer = await chromium.Viewer(scheme);
        var found = new List<string>();
        foreach (var (name, path) in world.Pages)
        {
            await viewer.Open(world.Url + path);
            await viewer.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
            var axe = await viewer.Page.RunAxe();
            Assert.True(axe.Passes.Length > 10, $"{name}: axe looked at next to nothing");
            found.AddRange(axe.Violations.Select(v => $"{name}: {v.Id}: {v.Help}: {string.Join(" | ", v.Nodes.Select(node => node.Html).Take(3))}"));
        }

        Assert.True(found.Count == 0, string.Join('\n', found));
        Assert.Empty(viewer.Complaints);
    }

    [Fact]
    public async Task A_page_never_scrolls_sideways_on_a_phone()
    {
        await using var viewer = await chromium.Viewer(width: 360);
        foreach (var (name, path) in world.Pages)
        {
            await viewer.Open(world.Url + path);
            await viewer.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
            var over = await viewer.Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
            Assert.True(over <= 0, $"{name} is {over} pixels too wide");
        }
    }

    [Fact]
    public async Task The_cells_of_a_row_do_not_cover_each_other_on_a_phone()
    {
        await using var viewer = await chromium.Viewer(width: 360);
        await viewer.Open(world.Url);
        await viewer.Page.GetByRole(AriaRole.Link, new() { Name = "too hot" }).WaitForAsync();
        var covered = await viewer.Page.EvaluateAsync<string[]>(
            """
            () => [...document.querySelectorAll('.runs tbody tr')].flatMap(row => {
              const cells = [...row.children].map(cell => ({ name: cell.className, box: cell.getBoundingClientRect() })).filter(cell => cell.box.width > 0 && cell.box.height > 0);
              const cover = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
              return cells.flatMap((a, i) => cells.slice(i + 1).filter(b => cover(a.box, b.box)).map(b => `${a.name} and ${b.name}`));
            })
            """);
        Assert.Empty(covered);
    }

    [Fact]
    public async Task A_page_has_a_title_of_its_own()
    {
        await using var viewer = await chromium.Viewer();
        var titles = new List<string>();
        foreach (var path in new[] { "/", "/runs/new", $"/runs/{world.Succeeded.Id}", "/groups/depth" })
        {
            await viewer.Open(world.Url + path);
            await viewer.Page.WaitForFunctionAsync("document.title.includes('·')");
            titles.Add(await viewer.Page.TitleAsync());
        }

        Assert.Equal(["Runs · GnnService", "New run · GnnService", $"{world.Succeeded.Row.Name} · GnnService", "depth · GnnService"], titles);
    }

    [Fact]
    public async Task An_unknown_address_leads_back_to_the_runs()
    {
        await using var viewer = await chromium.Viewer();
        var answer = await viewer.Page.GotoAsync(world.Url + "/nothing/here");
        Assert.Equal(404, answer!.Status);
        await viewer.Page.GetByRole(AriaRole.Link, new() { Name = "All runs" }).ClickAsync();
        await viewer.Page.GetByRole(AriaRole.Heading, new() { Name = "Runs" }).WaitForAsync();
    }

    [Fact]
    public async Task The_theme_follows_the_system_until_one_is_chosen_and_the_choice_is_remembered()
    {
        await using var viewer = await chromium.Viewer(ColorScheme.Dark);
        await viewer.Open($"{world.Url}/runs/{world.Succeeded.Id}");
        await viewer.Eventually(async () => (await viewer.EpochsOf(0, "train")).Length == 60, () => "the chart stayed empty");
        var dark = (await viewer.Background(), await viewer.ColorOf(0, "train"));

        await viewer.Click(AriaRole.Button, "Theme: as the system. Switch to light");
        await viewer.Eventually(async () => await viewer.ColorOf(0, "train") != dark.Item2, () => "the chart stayed dark");
        Assert.NotEqual(dark.Item1, await viewer.Background());
        Assert.Equal(60, (await viewer.EpochsOf(0, "train")).Length);

        var light = await viewer.Background();
        await viewer.Page.ReloadAsync();
        await viewer.Page.GetByRole(AriaRole.Button, new() { Name = "Theme: light. Switch to dark" }).WaitForAsync();
        Assert.Equal(light, await viewer.Background());
        Assert.Empty(viewer.Complaints);
    }
}
