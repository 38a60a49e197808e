using System.Runtime.InteropServices;
using Bunit;
using Contracts;
using Web.Components.Pages;

namespace Web.Tests;

public sealed class GroupPageTests
{
    [Fact]
    public async Task Metric_and_peak_memory_by_depth_are_drawn_side_by_side_and_a_link_gives_the_table()
    {
        await using var server = await RunServer.Started();
        Add(server, 7, Backbone.Res, 0.75, 100);
        Add(server, 112, Backbone.Res, 0.5, 900);
        Add(server, 112, Backbone.Reversible, 0.625, 110);
        await using var pages = new Pages(server);
        var page = pages.Open<GroupPage>(parameters => parameters.Add(p => p.Group, "depth & width"));

        await Eventually.Holds(() => Drawn(pages).Count == 2, () => page.Markup);
        Assert.Equal([7, 0.75, double.NaN, 112, 0.5, 0.625], Drawn(pages)[0]);
        Assert.Equal([7, 100, double.NaN, 112, 900, 110], Drawn(pages)[1]);
        Assert.Equal(["Test accuracy by depth", "Peak memory by depth"], page.FindAll(".charts .chart h2").Select(title => title.TextContent));
        var link = page.FindAll("a").Single(a => a.TextContent.Trim() == "CSV");
        Assert.Equal($"{server.Url}/api/v1/sweeps/depth%20%26%20width.csv", link.GetAttribute("href"));
    }

    private static void Add(RunServer server, int layers, Backbone backbone, double test, long mebibytes) => server.Add(row => row with
    {
        Group = "depth & width", Layers = layers, Backbone = backbone, TestMetric = test, PeakMemoryBytes = mebibytes << 20, Status = RunStatus.Succeeded,
    });

    private static List<double[]> Drawn(Pages pages) =>
        [.. pages.Chart.Invocations["append"].Select(call => MemoryMarshal.Cast<byte, double>((byte[])call.Arguments[0]!).ToArray())];
}
