using Microsoft.Playwright;

namespace Browser.Tests;

/// <summary>Someone in front of a browser: a page with a given width and theme, and whatever its console complained about.</summary>
public sealed class Viewer(IBrowserContext context, IPage page) : IAsyncDisposable
{
    public IPage Page => page;

    public List<string> Complaints { get; } = [];

    public async Task Open(string address)
    {
        await page.GotoAsync(address);
        await page.Locator("h1").WaitForAsync();
    }

    public async Task Click(AriaRole role, string name) => await page.GetByRole(role, new() { Name = name, Exact = true }).First.ClickAsync();

    /// <summary>The epochs that a line of the nth chart holds, asked from ECharts itself.</summary>
    public async Task<double[]> EpochsOf(int chart, string line) => await page.EvaluateAsync<double[]>(
        """
        ([chart, line]) => {
          const canvas = document.querySelectorAll('.canvas')[chart];
          const instance = canvas && echarts.getInstanceByDom(canvas);
          return instance ? instance.getOption().series.find(s => s.id === line).data.map(point => point[0]) : [];
        }
        """, new object[] { chart, line });

    /// <summary>The window of epochs that the nth chart shows.</summary>
    public async Task<double[]> WindowOf(int chart) => await page.EvaluateAsync<double[]>(
        "chart => echarts.getInstanceByDom(document.querySelectorAll('.canvas')[chart]).getModel().getComponent('xAxis').axis.scale.getExtent()", chart);

    public async Task<string> ColorOf(int chart, string line) => await page.EvaluateAsync<string>(
        "([chart, line]) => echarts.getInstanceByDom(document.querySelectorAll('.canvas')[chart]).getOption().series.find(s => s.id === line).lineStyle.color", new object[] { chart, line });

    public async Task<string> Background() => await page.EvaluateAsync<string>("getComputedStyle(document.documentElement).backgroundColor");

    public async Task Eventually(Func<Task<bool>> condition, Func<string> otherwise, int seconds = 15)
    {
        for (var end = DateTime.UtcNow.AddSeconds(seconds); !await condition();)
        {
            if (DateTime.UtcNow > end) { Assert.Fail($"{otherwise()}; console: {string.Join("; ", Complaints)}"); }
            await Task.Delay(50);
        }
    }

    public async ValueTask DisposeAsync() => await context.DisposeAsync();
}
