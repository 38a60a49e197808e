using static TorchSharp.torch;

namespace Conformance.Operators;

/// <summary>Perceptrons that a case describes only by its parameters: linear layers with a rectifier wherever an index is left out.</summary>
internal static class Perceptrons
{
    public static nn.Module<Tensor, Tensor> FromParameters(GoldenCase golden, string prefix)
    {
        var linears = golden.Parameters
            .Where(p => p.Key.StartsWith($"{prefix}.", StringComparison.Ordinal) && p.Key.EndsWith(".weight", StringComparison.Ordinal))
            .ToDictionary(p => int.Parse(p.Key.Split('.')[1], null), p => p.Value.Shape);
        if (linears.Count == 0 || linears.Values.Any(shape => shape.Length != 2))
        {
            throw new UnsupportedCaseException($"perceptron {prefix} of more than linear layers");
        }

        var layers = Enumerable.Range(0, linears.Keys.Max() + 1).Select(i => ($"{i}", linears.TryGetValue(i, out var shape)
            ? (nn.Module<Tensor, Tensor>)nn.Linear(shape[1], shape[0], golden.Parameters.ContainsKey($"{prefix}.{i}.bias"))
            : nn.ReLU()));
        return nn.Sequential(layers);
    }
}
