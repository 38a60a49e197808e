using Contracts;

namespace Web.Tests;

/// <summary>A run in the test's server: first stored, then, when the test says so, sent to those who watch.</summary>
public sealed class StoredRun
{
    private readonly RunServer _server;
    private readonly List<EpochPoint> _epochs = [];
    private readonly List<RunEvent> _events = [];
    private readonly Lock _gate = new();

    public StoredRun(RunServer server, Func<RunSummary, RunSummary>? change)
    {
        _server = server;
        var row = new RunSummary
        {
            Id = Guid.CreateVersion7(), Name = "a run", Dataset = "cora", Backbone = Backbone.ResPlus, Layers = 32, HiddenChannels = 64, Epochs = 200,
            Status = RunStatus.Running, Metric = "accuracy", Attempt = 1, CreatedAt = DateTimeOffset.UtcNow, StartedAt = DateTimeOffset.UtcNow,
        };
        Row = change?.Invoke(row) ?? row;
    }

    public Guid Id => Row.Id;

    public RunSummary Row { get; private set; }

    /// <summary>Figures by layer; with any, the spec asks for them every ten epochs.</summary>
    public IReadOnlyList<LayersEvent> Layers { get; set; } = [];

    public IReadOnlyList<MemoryEvent> Memory { get; set; } = [];

    public IReadOnlyDictionary<string, MetricSummary> Summaries { get; set; } = new Dictionary<string, MetricSummary>();

    public RunDetail Detail => new()
    {
        Id = Row.Id, Name = Row.Name, Group = Row.Group, Status = Row.Status, Dataset = Row.Dataset, Convolution = Row.Convolution, Backbone = Row.Backbone,
        Layers = Row.Layers, HiddenChannels = Row.HiddenChannels, Seed = Row.Seed, Epoch = Row.Epoch, Epochs = Row.Epochs, Metric = Row.Metric, BestEpoch = Row.BestEpoch,
        BestValidMetric = Row.BestValidMetric, TestMetric = Row.TestMetric, PeakMemoryBytes = Row.PeakMemoryBytes, Attempt = Row.Attempt, Worker = Row.Worker, SilentSince = Row.SilentSince,
        CreatedAt = Row.CreatedAt, StartedAt = Row.StartedAt, FinishedAt = Row.FinishedAt, FailureClass = Row.FailureClass, FailureMessage = Row.FailureMessage, Seq = Row.Seq,
        Summaries = Summaries,
        Spec = new() { Name = Row.Name, Group = Row.Group, Seed = Row.Seed, Data = new() { Dataset = Row.Dataset }, Model = new() { Backbone = Row.Backbone, Layers = Row.Layers, HiddenChannels = Row.HiddenChannels }, Training = new() { Epochs = Row.Epochs, DiagnosticsEvery = Layers.Count > 0 ? 10 : 0 } },
        Started = Row.StartedAt is null ? null : new() { Dataset = Row.Dataset, Nodes = 2708, Edges = 10556, Features = 1433, Classes = 7, TrainNodes = 140, ValidNodes = 500, TestNodes = 1000, Parameters = 227_911, Metric = "accuracy", Device = "cpu", Threads = 2, BaseMemoryBytes = 260L << 20 },
    };

    public RunHistory After(long seq, int page)
    {
        lock (_gate)
        {
            var end = Math.Min(Row.Seq, seq + page);
            return new()
            {
                Epochs = _epochs.Where(e => e.Seq > seq && e.Seq <= end).ToList(),
                Events = _events.Where(e => e.Seq > seq && e.Seq <= end).ToList(),
                Seq = Math.Max(seq, end),
            };
        }
    }

    public void Store(EpochEvent figures)
    {
        lock (_gate)
        {
            Row = Row with { Seq = Row.Seq + 1, Epoch = figures.Epoch };
            _epochs.Add(new() { Seq = Row.Seq, Attempt = Row.Attempt, Figures = figures });
        }
    }

    public void StoreEpochs(int from, int to)
    {
        for (var epoch = from; epoch <= to; epoch++) { Store(new() { Epoch = epoch, At = DateTimeOffset.UtcNow, TrainLoss = 1.0 / epoch, Seconds = 0.01 }); }
    }

    public void StoreEvent(string kind, string message = "", int? resumedFrom = null)
    {
        lock (_gate)
        {
            Row = Row with { Seq = Row.Seq + 1 };
            _events.Add(new() { Seq = Row.Seq, Attempt = Row.Attempt, At = DateTimeOffset.UtcNow, Kind = kind, Message = message, ResumedFromEpoch = resumedFrom });
        }
    }

    /// <summary>A new attempt starts from a checkpoint.</summary>
    public void StoreAttempt(int attempt, int resumedFrom)
    {
        Row = Row with { Attempt = attempt };
        StoreEvent("started", $"resumed after epoch {resumedFrom}", resumedFrom);
    }

    /// <summary>Sends what is stored after a cursor to those who watch the run.</summary>
    public Task Send(long after) => _server.Hub!.Clients.Group(Id.ToString()).RunProgressed(Row, After(after, int.MaxValue - 1));

    public async Task SendRow()
    {
        await _server.Hub!.Clients.Group(Id.ToString()).RunProgressed(Row, new RunHistory { Epochs = [], Events = [] });
        await _server.Hub!.Clients.Group("runs").RunChanged(Row);
    }

    public async Task Become(RunStatus status)
    {
        StoreEvent("status", status.ToString());
        await Change(row => row with { Status = status, FinishedAt = Display.IsOver(status) ? DateTimeOffset.UtcNow : null });
    }

    public async Task Change(Func<RunSummary, RunSummary> change)
    {
        lock (_gate) { Row = change(Row) with { Seq = Row.Seq }; }
        await SendRow();
    }
}
