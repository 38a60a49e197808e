using System.Runtime.InteropServices;
using Bunit;
using Contracts;
using RunPage = Web.Components.Pages.RunPage;

namespace Web.Tests;

public sealed class RunPageTests
{
    [Fact]
    public async Task History_and_live_points_reach_the_chart_once_each_as_appended_bytes()
    {
        await using var server = await RunServer.Started();
        var run = server.Add();
        run.StoreEpochs(1, 3);
        run.Store(new EpochEvent { Epoch = 4, TrainLoss = double.NaN });
        server.BeforeHistory = () => run.Send(after: 1);
        await using var pages = new Pages(server);
        var page = pages.Open<RunPage>(parameters => parameters.Add(p => p.Id, run.Id));
        await Eventually.Equals([1, 2, 3, 4], () => [.. Losses(pages).Select(row => (int)row[0])]);

        run.StoreEpochs(5, 6);
        await run.Send(after: 3);
        await Eventually.Equals([1, 2, 3, 4, 5, 6], () => [.. Losses(pages).Select(row => (int)row[0])]);
        Assert.Equal([1.0, 0.5, 1.0 / 3, double.NaN, 0.2, 1.0 / 6], Losses(pages).Select(row => row[1]));

        // An epoch between two evaluations has no figure of the valid split, which is not the same as NaN.
        run.Store(new EpochEvent { Epoch = 7, TrainLoss = 0.1, ValidLoss = double.NaN, ValidMetric = double.NaN, TestLoss = double.NaN, TestMetric = double.NaN });
        await run.Send(after: 6);
        await Eventually.Equals([7], () => [.. Losses(pages).Skip(6).Select(row => (int)row[0])]);
        Assert.Equal([7, 0.1, Components.Charts.MetricChart.Absent, Components.Charts.MetricChart.Absent], Losses(pages)[6]);
        // Points are in the canvas only.
        Assert.DoesNotContain("0.33333", page.Find(".charts").OuterHtml, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Further_metrics_of_the_chosen_epoch_are_a_table_by_split()
    {
        await using var server = await RunServer.Started();
        var run = server.Add(row => row with { Metric = Metrics.MeanIou, BestEpoch = 2 });
        for (var epoch = 1; epoch <= 3; epoch++)
        {
            run.Store(new EpochEvent
            {
                Epoch = epoch, Metrics = new Dictionary<string, double> { ["valid.meanIou"] = epoch / 10.0, ["test.meanIou"] = epoch / 20.0, ["test.iou.wall"] = epoch / 4.0 },
            });
        }

        await using var pages = new Pages(server);
        var page = pages.Open<RunPage>(parameters => parameters.Add(p => p.Id, run.Id));
        await Eventually.Holds(() => page.FindAll(".further tbody tr").Count == 2, () => page.Markup);
        var rows = page.FindAll(".further tbody tr").Select(row => string.Join(" ", row.Children.Select(cell => cell.TextContent)));
        Assert.Equal(["Mean IoU – 0.2000 0.1000", "IoU of wall – – 0.5000"], rows);
        Assert.Equal(["Mean IoU", "IoU of wall"], page.FindAll(".further option").Select(option => option.TextContent));
    }

    [Fact]
    public async Task Figures_by_layer_have_a_tab_of_their_own_where_the_run_takes_them()
    {
        await using var server = await RunServer.Started();
        var run = server.Add();
        run.Layers = [Figures(10, 3, 0.5), Figures(20, 2, double.NaN)];
        run.StoreEpochs(1, 20);
        await using var pages = new Pages(server);
        var page = pages.Open<RunPage>(parameters => parameters.Add(p => p.Id, run.Id));
        await Eventually.Holds(() => page.Markup.Contains("Dirichlet energy", StringComparison.Ordinal), () => page.Markup);
        Assert.Contains("Epochs 10, 20 of the 2 with figures", page.Markup, StringComparison.Ordinal);

        var without = server.Add();
        without.StoreEpochs(1, 1);
        var other = pages.Open<RunPage>(parameters => parameters.Add(p => p.Id, without.Id));
        await Eventually.Holds(() => other.FindAll(".charts").Count > 0, () => other.Markup);
        Assert.DoesNotContain("Layers", other.FindAll(".tab-heads").Select(each => each.TextContent).FirstOrDefault("none"), StringComparison.Ordinal);

        static LayersEvent Figures(int epoch, double energy, double gradient) => new()
        {
            Epoch = epoch, DirichletEnergy = [energy, energy / 2], MeanAverageDistance = [0.4, 0.2], DeadShare = [0, 0.25], GradientNorm = [gradient, gradient],
        };
    }

    [Fact]
    public async Task Memory_has_a_tab_with_kinds_phases_and_the_estimate_beside_what_was_measured()
    {
        await using var server = await RunServer.Started();
        var run = server.Add(row => row with { PeakMemoryBytes = 300L << 20 });
        run.Memory = [Figures(1, 40), Figures(12, 80)];
        run.StoreEpochs(1, 20);
        await using var pages = new Pages(server);
        var page = pages.Open<RunPage>(parameters => parameters.Add(p => p.Id, run.Id));
        await Eventually.Holds(() => page.Markup.Contains("Measured against estimate", StringComparison.Ordinal), () => page.Markup);

        var expected = MemoryEstimate.Of(run.Detail.Spec)!.TotalBytes!.Value;
        var deviation = 100.0 * ((300L << 20) - expected) / expected;
        Assert.Contains(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{deviation:+0.0;−0.0;0.0} %"), page.Markup, StringComparison.Ordinal);
        var rows = page.FindAll("tr").Select(row => string.Join(" | ", row.Children.Select(cell => cell.TextContent))).ToArray();
        Assert.Contains("Evaluation | 200 MiB | –", rows);
        Assert.Contains("Backward | 290 MiB | 100 MiB", rows);
        Assert.Contains(rows, row => row.StartsWith("Activations | 80 MiB | ", StringComparison.Ordinal));
        // Both changes, and the present epoch with what still holds.
        await Eventually.Equals([1, 1, 0, 0, 0, 0, 40, 12, 1, 0, 0, 0, 0, 80, 20, 1, 0, 0, 0, 0, 80], () => pages.Chart.Invocations["append"]
            .Select(call => MemoryMarshal.Cast<byte, double>((byte[])call.Arguments[0]!).ToArray()).FirstOrDefault(numbers => numbers.Length == 21) ?? []);

        static MemoryEvent Figures(int epoch, long activations) => new()
        {
            Epoch = epoch, Live = new() { ParameterBytes = 1 << 20, ActivationBytes = activations << 20 }, Forward = Phase(250), Backward = Phase(290) with { LivePeakBytes = 100 << 20 },
            Optimizer = Phase(210), Evaluation = Phase(200),
        };

        static PhaseMemory Phase(long mebibytes) => new() { ResidentPeakBytes = mebibytes << 20 };
    }

    [Fact]
    public async Task Each_metric_shows_its_last_lowest_and_highest_value()
    {
        await using var server = await RunServer.Started();
        var run = server.Add();
        run.Summaries = new Dictionary<string, MetricSummary>
        {
            ["test.iou.wall"] = new() { Count = 3, Last = 0.25, LastEpoch = 3, Min = 0.125, MinEpoch = 1, Max = 0.5, MaxEpoch = 2 },
            ["validLoss"] = new() { Count = 3, Last = double.NaN, LastEpoch = 3 },
            ["peakMemoryBytes"] = new() { Count = 3, Last = 1 << 30, LastEpoch = 3, Min = 1 << 20, MinEpoch = 1, Max = 1 << 30, MaxEpoch = 3 },
        };
        run.StoreEpochs(1, 3);
        await using var pages = new Pages(server);
        var page = pages.Open<RunPage>(parameters => parameters.Add(p => p.Id, run.Id));

        await Eventually.Holds(() => page.FindAll(".summaries tbody tr").Count == 3, () => page.Markup);
        Assert.Equal(
            ["Valid loss | NaN | – | –", "Peak memory | 1.00 GiB | 1 MiB (1) | 1.00 GiB (3)", "Test IoU of wall | 0.2500 | 0.1250 (1) | 0.5000 (2)"],
            page.FindAll(".summaries tbody tr").Select(row => string.Join(" | ", row.Children.Select(cell => cell.TextContent))));
    }

    [Fact]
    public async Task A_resumed_attempt_removes_voided_points_from_every_chart()
    {
        await using var server = await RunServer.Started();
        var run = server.Add();
        run.StoreEpochs(1, 5);
        await using var pages = new Pages(server);
        pages.Open<RunPage>(parameters => parameters.Add(p => p.Id, run.Id));
        await Eventually.Equals([1, 2, 3, 4, 5], () => [.. Losses(pages).Select(row => (int)row[0])]);

        var cursor = run.Row.Seq;
        run.StoreAttempt(2, resumedFrom: 2);
        await run.Send(cursor);
        await Eventually.Holds(() => pages.Chart.Invocations["removeAfter"].Count == 4, () => $"{pages.Chart.Invocations["removeAfter"].Count} charts were told");
        Assert.All(pages.Chart.Invocations["removeAfter"], call => Assert.Equal(2.0, call.Arguments[0]));
    }

    [Fact]
    public async Task The_header_tells_the_failure_and_offers_a_clone()
    {
        await using var server = await RunServer.Started();
        var run = server.Add(row => row with { Status = RunStatus.Failed, FailureClass = FailureClass.Diverged, FailureMessage = "the loss became NaN in epoch 3", FinishedAt = DateTimeOffset.UtcNow });
        await using var pages = new Pages(server);
        var page = pages.Open<RunPage>(parameters => parameters.Add(p => p.Id, run.Id));

        await Eventually.Holds(() => page.Markup.Contains("the loss became NaN in epoch 3", StringComparison.Ordinal), () => page.Markup);
        Assert.Contains("Failed (diverged).", page.Markup, StringComparison.Ordinal);
        Assert.Equal($"/runs/new?from={run.Id}", page.Find(".actions a").GetAttribute("href"));
        Assert.DoesNotContain("Cancel", page.Find(".actions").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_header_tells_that_the_worker_is_late()
    {
        await using var server = await RunServer.Started();
        var run = server.Add(row => row with { Status = RunStatus.Running, Worker = "gpu-1", SilentSince = DateTimeOffset.UtcNow.AddSeconds(-17) });
        await using var pages = new Pages(server);
        var page = pages.Open<RunPage>(parameters => parameters.Add(p => p.Id, run.Id));

        await Eventually.Holds(() => page.Markup.Contains("gpu-1 gave no sign of life since", StringComparison.Ordinal), () => page.Markup);
        Assert.Equal("running, late", page.Find(".status.late").TextContent);
    }

    [Fact]
    public async Task A_lost_server_is_told_on_the_page_that_stays()
    {
        await using var server = await RunServer.Started();
        var run = server.Add();
        run.StoreEpochs(1, 2);
        await using var pages = new Pages(server);
        var page = pages.Open<RunPage>(parameters => parameters.Add(p => p.Id, run.Id));
        await Eventually.Equals([1, 2], () => [.. Losses(pages).Select(row => (int)row[0])]);

        await server.Stop();
        await Eventually.Holds(() => page.Markup.Contains("No connection to the API", StringComparison.Ordinal), () => page.Markup);
        Assert.NotNull(page.Find(".charts"));

        await server.Start();
        await Eventually.Holds(() => !page.Markup.Contains("No connection to the API", StringComparison.Ordinal), () => page.Markup);
        Assert.Equal([1, 2], Losses(pages).Select(row => (int)row[0]));
    }

    /// <summary>Rows of epoch, train, valid and test loss: the charts take turns, and loss and metric are the two of that width.</summary>
    private static List<double[]> Losses(Pages pages)
    {
        var calls = pages.Chart.Invocations["append"].ToArray();
        return [.. calls.Where((_, i) => i % 4 == 0).SelectMany(call => MemoryMarshal.Cast<byte, double>((byte[])call.Arguments[0]!).ToArray().Chunk(4))];
    }
}
