using static TorchSharp.torch;

namespace Conformance;

/// <summary>Tensors of a case by name.</summary>
public sealed class CaseInputs(GoldenCase golden, IReadOnlyDictionary<string, Tensor> tensors)
{
    public Tensor this[string name] => tensors[name];

    public Tensor? Optional(string name) => tensors.GetValueOrDefault(name);

    public GoldenCase Case => golden;
}

/// <summary>An operator of the engine, built as a case's configuration says.</summary>
/// <param name="Module">Holder of parameters and buffers, or null.</param>
/// <param name="Forward">Outputs by name; "out" is what the loss uses.</param>
public sealed record BuiltOperator(nn.Module? Module, Func<CaseInputs, IReadOnlyDictionary<string, Tensor>> Forward)
{
    /// <summary>Our name of a reference's parameter or buffer.</summary>
    public Func<string, string> Rename { get; init; } = name => name;

    /// <summary>An operator with one output.</summary>
    public static BuiltOperator Of(nn.Module? module, Func<CaseInputs, Tensor> forward) =>
        new(module, inputs => new Dictionary<string, Tensor> { ["out"] = forward(inputs) });
}
