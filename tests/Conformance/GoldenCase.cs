using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Conformance;

/// <summary>One case of a golden file: what a reference implementation was given and what it answered.</summary>
public sealed record GoldenCase
{
    public required string Operator { get; init; }
    public required string Name { get; init; }

    /// <summary>The reference implementation; where references disagree it decides the convention.</summary>
    public required string Source { get; init; }

    /// <summary>Batch statistics (true) or running ones.</summary>
    public required bool Training { get; init; }

    public required CaseConfig Config { get; init; }
    public required IReadOnlyDictionary<string, GoldenTensor> Inputs { get; init; }
    public required IReadOnlyDictionary<string, GoldenTensor> Parameters { get; init; }
    public required IReadOnlyDictionary<string, bool> Trainable { get; init; }
    public required IReadOnlyDictionary<string, GoldenTensor> BuffersBefore { get; init; }
    public required IReadOnlyDictionary<string, GoldenTensor> BuffersAfter { get; init; }
    public required IReadOnlyDictionary<string, GoldenTensor> Outputs { get; init; }
    public required IReadOnlyDictionary<string, GoldenTensor> LossWeights { get; init; }
    public required IReadOnlyDictionary<string, GoldenTensor> Gradients { get; init; }

    /// <summary>All cases of one file.</summary>
    public static IReadOnlyList<GoldenCase> ReadFile(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        var root = document.RootElement;
        var name = root.GetProperty("operator").GetString()!;
        var source = root.TryGetProperty("source", out var found) ? found.ToString() : "";
        return [.. root.GetProperty("cases").EnumerateArray().Select(c => Read(name, source, c))];
    }

    private static GoldenCase Read(string operatorName, string fileSource, JsonElement c) => new()
    {
        Operator = operatorName,
        Name = c.GetProperty("name").GetString()!,
        Source = c.TryGetProperty("source", out var source) ? source.ToString() : fileSource,
        Training = !c.TryGetProperty("mode", out var mode) || mode.GetString() == "train",
        Config = new CaseConfig(c.GetProperty("config").Clone()),
        Inputs = Tensors(c, "inputs"),
        Parameters = Tensors(c, "parameters"),
        Trainable = c.TryGetProperty("trainable", out var trainable)
            ? trainable.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetBoolean())
            : [],
        BuffersBefore = Tensors(c, "buffers_before"),
        BuffersAfter = Tensors(c, "buffers_after_one_forward"),
        Outputs = Tensors(c, "outputs"),
        LossWeights = Tensors(c, "loss_weights"),
        Gradients = Tensors(c, "grads"),
    };

    private static Dictionary<string, GoldenTensor> Tensors(JsonElement c, string group) =>
        c.TryGetProperty(group, out var found) && found.ValueKind == JsonValueKind.Object
            ? found.EnumerateObject().ToDictionary(p => p.Name, p => GoldenTensor.Read(p.Value))
            : [];
}

/// <summary>A tensor as the files hold it: int64 as integers, everything else in double.</summary>
public sealed record GoldenTensor(long[] Shape, double[]? Reals, long[]? Integers)
{
    public static GoldenTensor Read(JsonElement e)
    {
        var shape = e.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64()).ToArray();
        var data = e.GetProperty("data").EnumerateArray();
        return e.GetProperty("dtype").GetString() == "int64"
            ? new GoldenTensor(shape, null, [.. data.Select(v => v.GetInt64())])
            : new GoldenTensor(shape, [.. data.Select(Real)], null);
    }

    public Tensor ToTensor(Device device) => Integers is null
        ? torch.tensor(Reals!, Shape, float64, device)
        : torch.tensor(Integers, Shape, int64, device);

    /// <summary>Edge list of an int64 [2, E] tensor.</summary>
    public (int[] Sources, int[] Targets) ToEdges()
    {
        var count = (int)Shape[1];
        var all = Integers!.Select(i => checked((int)i)).ToArray();
        return (all[..count], all[count..]);
    }

    private static double Real(JsonElement v) =>
        v.ValueKind == JsonValueKind.String ? double.Parse(v.GetString()!.Replace("inf", "Infinity"), null) : v.GetDouble();
}
