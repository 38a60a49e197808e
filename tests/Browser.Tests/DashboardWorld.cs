using Contracts;
using Web.Tests;

namespace Browser.Tests;

/// <summary>The dashboard as its own process, in front of an API that the tests decide about.</summary>
public sealed class DashboardWorld : IAsyncLifetime
{
    private HostProcess? _web;

    public RunServer Server { get; } = new();

    public StoredRun Succeeded { get; private set; } = null!;

    public StoredRun Diverged { get; private set; } = null!;

    public string Url => _web!.Url;

    public IReadOnlyDictionary<string, string> Pages => new Dictionary<string, string>
    {
        ["runs"] = "/", ["no match"] = "/?text=nothing+has+this+name", ["new run"] = "/runs/new", ["run"] = $"/runs/{Succeeded.Id}", ["failed run"] = $"/runs/{Diverged.Id}",
        ["group"] = "/groups/depth", ["no such run"] = $"/runs/{Guid.NewGuid()}",
    };

    public async ValueTask InitializeAsync()
    {
        await Server.Start();
        foreach (var (backbone, layers) in new[] { (Backbone.Plain, 2), (Backbone.Plain, 16), (Backbone.Plain, 64), (Backbone.ResPlus, 2), (Backbone.ResPlus, 16), (Backbone.ResPlus, 64) })
        {
            var figure = backbone == Backbone.Plain ? 0.82 - (layers * 0.009) : 0.82 - (layers * 0.0006);
            Succeeded = Server.Add(run => run with
            {
                Name = $"cora {Web.Display.Name(backbone)} gcn {layers}", Group = "depth", Backbone = backbone, Layers = layers, Status = RunStatus.Succeeded, BestEpoch = 40,
                BestValidMetric = figure - 0.01, TestMetric = figure, PeakMemoryBytes = (300L + (layers * 8)) << 20, FinishedAt = run.StartedAt!.Value.AddSeconds(20),
            });
            Train(Succeeded, 60, figure);
        }

        Diverged = Server.Add(run => run with { Name = "too hot", Status = RunStatus.Failed, FailureClass = FailureClass.Diverged, FailureMessage = "the training loss became NaN in epoch 20", FinishedAt = run.StartedAt });
        Train(Diverged, 19, 0.2);
        Diverged.Store(new EpochEvent { Epoch = 20, TrainLoss = double.NaN, ValidLoss = double.PositiveInfinity, PeakMemoryBytes = 300L << 20 });
        _web = await HostProcess.Start("Web/Web.dll", new Dictionary<string, string>(), "--Api:Url", Server.Url);
    }

    /// <summary>A run of a test's own, with that many epochs stored.</summary>
    public StoredRun Running(int epochs)
    {
        var run = Server.Add(row => row with { Name = "a live run", BestEpoch = 3, Epochs = 500 });
        Train(run, epochs, 0.8);
        return run;
    }

    public static void Train(StoredRun run, int epochs, double figure)
    {
        run.StoreEvent("started", "on cpu, 2 threads");
        for (var epoch = 1; epoch <= epochs; epoch++) { run.Store(Epoch(epoch, figure)); }
        run.StoreEvent("checkpoint", $"of epoch {epochs}");
    }

    public static EpochEvent Epoch(int epoch, double figure)
    {
        var learned = 1 - Math.Exp(-epoch / 12.0);
        return new()
        {
            Epoch = epoch, At = DateTimeOffset.UtcNow, TrainLoss = 1.95 - (1.8 * learned), ValidLoss = 1.95 - (1.2 * learned), TestLoss = 1.95 - (1.25 * learned), TrainMetric = learned,
            ValidMetric = figure * learned, TestMetric = figure * learned, LearningRate = 0.01, Seconds = 0.04, NodesPerSecond = 60_000, PeakMemoryBytes = 412L << 20,
        };
    }

    public async ValueTask DisposeAsync()
    {
        _web?.Dispose();
        await Server.DisposeAsync();
    }
}
