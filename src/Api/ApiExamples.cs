using System.Text.Json;
using System.Text.Json.Nodes;
using Contracts;

namespace Api;

/// <summary>Examples of the OpenAPI document: one of each type, made of the types themselves so that none can go out of date.</summary>
internal static class ApiExamples
{
    private static readonly Guid Id = new("01937f5c-6a10-7c3e-9d52-0f6f5a1b2c3d");
    private static readonly DateTimeOffset Time = new(2026, 11, 24, 9, 30, 0, TimeSpan.Zero);

    private static readonly RunSpec Spec = new()
    {
        Name = "Res+GEN-28 on cora",
        Group = "depth",
        Data = new DataSpec { Dataset = "cora" },
        Model = new ModelSpec { Convolution = Convolution.Gen, Backbone = Backbone.ResPlus, Layers = 28, HiddenChannels = 64 },
        Training = new TrainingSpec { Epochs = 200 },
    };

    private static readonly EpochEvent Epoch = new()
    {
        At = Time.AddSeconds(4), Epoch = 1, TrainLoss = 1.91, ValidLoss = 1.92, TestLoss = 1.92, TrainMetric = 0.31, ValidMetric = 0.28, TestMetric = 0.29,
        LearningRate = 0.01, Seconds = 0.12, NodesPerSecond = 22_500, PeakMemoryBytes = 412_000_000, IsBest = true,
    };

    private static readonly EpochPoint Point = new() { Seq = 4, Attempt = 1, Figures = Epoch };

    private static readonly RunSummary Run = new()
    {
        Id = Id, Name = Spec.Name, Group = "depth", Status = RunStatus.Running, Dataset = "cora", Convolution = Convolution.Gen, Backbone = Backbone.ResPlus, Layers = 28,
        HiddenChannels = 64, Tags = ["baseline"], Epoch = 1, Epochs = 200, Metric = "accuracy", BestEpoch = 1, BestValidMetric = 0.28, TestMetric = 0.29,
        PeakMemoryBytes = 412_000_000, Attempt = 1, Worker = "gpu-1", CreatedAt = Time, StartedAt = Time.AddSeconds(1), Seq = 4,
    };

    private static readonly KeyInfo Key = new() { Id = "0f6f5a1b2c3d", Name = "ci", Scope = KeyScope.Operator, CreatedAt = Time, ExpiresAt = Time.AddDays(30) };

    private static readonly MemoryEvent Memory = new()
    {
        At = Time, Epoch = 1,
        Live = new LiveMemory { ParameterBytes = 1_900_000, GradientBytes = 1_900_000, OptimizerBytes = 5_700_000, ActivationBytes = 120_000_000, GraphBytes = 2_400_000, BatchBytes = 1_120 },
        Forward = new PhaseMemory { ResidentPeakBytes = 318_000_000, LivePeakBytes = 131_000_000 },
        Backward = new PhaseMemory { ResidentPeakBytes = 326_000_000, LivePeakBytes = 139_000_000 },
        Optimizer = new PhaseMemory { ResidentPeakBytes = 326_000_000, LivePeakBytes = 12_000_000 },
        Evaluation = new PhaseMemory { ResidentPeakBytes = 326_000_000, LivePeakBytes = 31_000_000 },
    };

    private static readonly Dictionary<Type, object> ByType = new object[]
    {
        Spec,
        Run,
        new RunDetail
        {
            Id = Id, Name = Spec.Name, Group = "depth", Status = RunStatus.Queued, Dataset = "cora", Convolution = Convolution.Gen, Backbone = Backbone.ResPlus, Layers = 28,
            HiddenChannels = 64, Epochs = 200, CreatedAt = Time, Seq = 1, Spec = Spec,
        },
        new RunPage { Items = [Run], NextCursor = "CN8xQ0pXwAABk39camoQfD6dUg9vWhssPQ" },
        new RunEdit { Name = "baseline", Tags = ["baseline"], Notes = "for the table", Priority = 10 },
        new RunHistory { Epochs = [Point], Events = [new RunEvent { Seq = 1, At = Time, Kind = "status", Message = "queued" }], Seq = 4 },
        new RunLayers { Epochs = [new LayersEvent { At = Time, Epoch = 10, DirichletEnergy = [1.2, 0.9], MeanAverageDistance = [0.6, 0.4], DeadShare = [0, 0.02], GradientNorm = [0.05, 0.07] }] },
        new RunMemory { Epochs = [Memory] },
        new RunRepro
        {
            Id = Id, Spec = Spec, CodeVersion = "1.0.0+8684acd", DataSha256 = new string('3', 64), Platform = "linux-x64, .NET 10", Device = "cpu", Threads = 2, Attempts = 1,
            WeightsSha256 = new string('a', 64), BestEpoch = 112, BestValidMetric = 0.79, TestMetric = 0.81,
        },
        new SweepSpec { Base = Spec, Axes = [new SweepAxis { Path = "model.layers", Values = [JsonSerializer.SerializeToElement(7), JsonSerializer.SerializeToElement(28)] }], Seeds = [0, 1] },
        new AcceptedSweep { Group = "depth", Location = "/api/v1/runs?group=depth", Csv = "/api/v1/sweeps/depth.csv", Runs = [Run with { Status = RunStatus.Queued, Epoch = 0 }] },
        new WorkerInfo { Name = "worker-a", RunMemoryBytes = 14_495_514_624, Slots = 1, SeenAt = Time },
        new MemoryEstimate
        {
            Nodes = 2_708, Edges = 10_556, GraphBytes = 340_000, FeatureBytes = 15_500_000, ParameterBytes = 1_900_000, GradientBytes = 1_900_000, OptimizerBytes = 5_700_000,
            ActivationBytes = 120_000_000, TransientBytes = 9_000_000, LoadingBytes = 3_000_000,
        },
        new KeyRequest { Name = "ci", Scope = KeyScope.Operator, ExpiresInDays = 30 },
        Key,
        new NewKey { Id = Key.Id, Name = Key.Name, Scope = Key.Scope, CreatedAt = Key.CreatedAt, ExpiresAt = Key.ExpiresAt, Token = "gnn_0f6f5a1b2c3d_THE-SECRET-TOLD-ONCE" },
        new AuditPage { Items = [new AuditEntry { Id = Id, At = Time, Actor = "ci", Action = "create", RunId = Id, Detail = Spec.Name }] },
        new DatasetInfo { Name = "karate", Title = "Zachary's karate club", Task = "node classification", Source = "built in", Available = true, Nodes = 34, Edges = 78, Features = 34, Classes = 4 },
        Point,
        new HealthApi.Health("ready"),
    }.ToDictionary(example => example.GetType());

    private static readonly Dictionary<string, string> Texts = new()
    {
        ["ExportRunsCsv"] = "id,name,group,status,dataset,…\r\n01937f5c-6a10-7c3e-9d52-0f6f5a1b2c3d,Res+GEN-28 on cora,depth,running,cora,…\r\n",
        ["ExportEpochsCsv"] = "epoch,attempt,at,isBest,trainLoss,validLoss,…\r\n1,1,2026-11-24T09:30:04.0000000Z,true,1.91,1.92,…\r\n",
        ["GetGroupCsv"] = "id,name,seed,model.layers,status,metric,valid,test,…\r\n01937f5c-6a10-7c3e-9d52-0f6f5a1b2c3d,Res+GEN-28 on cora,0,28,succeeded,accuracy,0.79,0.81,…\r\n",
    };

    /// <summary>Null for a type that has none.</summary>
    public static JsonNode? Of(Type? type, string? operation)
    {
        if (type is null) { return null; }
        if (type == typeof(string)) { return operation is not null && Texts.TryGetValue(operation, out var text) ? JsonValue.Create(text) : null; }
        if (ByType.TryGetValue(type, out var example)) { return JsonSerializer.SerializeToNode(example, type, ContractJson.Options); }
        return type.IsGenericType && ByType.TryGetValue(type.GetGenericArguments()[0], out var element)
            ? new JsonArray(JsonSerializer.SerializeToNode(element, element.GetType(), ContractJson.Options))
            : null;
    }

    public static JsonNode OfProblem(string type)
    {
        var (status, title) = Problems.Known[type];
        var problem = new JsonObject { ["type"] = Problems.UrnOf(type), ["title"] = title, ["status"] = status };
        if (type is "malformed-request" or "invalid-run-spec" or "invalid-sweep" or "invalid-edit")
        {
            var (path, fault) = type switch
            {
                "malformed-request" => ("$.training.epochs", "found \"many\", needed a whole number"),
                "invalid-edit" => ("$.priority", "found 5000, needed a whole number from -1000 to 1000"),
                "invalid-sweep" => ("$.axes[0].values[1]", "$.model.layers: found 0, needed a whole number from 1 to 2000"),
                _ => ("$.model.layers", "found 0, needed a whole number from 1 to 2000"),
            };
            problem["detail"] = $"{path}: {fault}";
            problem["errors"] = new JsonObject { [path] = new JsonArray(fault) };
        }
        if (type == "invalid-state") { (problem["runStatus"], problem["allowed"]) = ("succeeded", new JsonArray()); }
        problem["instance"] = "/api/v1/…";
        problem["traceId"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        return problem;
    }
}
