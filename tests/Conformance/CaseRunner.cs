using Conformance.Operators;
using DeepGnn.Aggregation;
using TorchSharp;
using static TorchSharp.torch;

namespace Conformance;

public enum Verdict
{
    Pass,
    Fail,
    Unsupported,
}

/// <summary>How one case ended.</summary>
public sealed record CaseOutcome(GoldenCase Case, Verdict Verdict, double ValueError, double GradientError, string Reason);

/// <summary>Runs a case against the engine: values, buffers after one forward pass, gradients.</summary>
public static class CaseRunner
{
    public const double ValueTolerance = 1e-9;
    public const double GradientTolerance = 1e-8;

    public static CaseOutcome Run(GoldenCase golden, Device device, KernelSet? kernels)
    {
        using var scope = NewDisposeScope();
        using var chosen = kernels is { } set ? Kernels.Use(set) : null;
        try
        {
            golden.Config.Only("dropout", "0", "0.0");
            var built = OperatorCatalog.Build(golden);
            var unread = golden.Config.Unread();
            if (unread.Count > 0) { throw new UnsupportedCaseException($"config key not understood: {string.Join(", ", unread)}"); }
            return Compare(golden, built, device);
        }
        catch (Exception e) when (e is UnsupportedCaseException or NotSupportedException)
        {
            return new(golden, Verdict.Unsupported, double.NaN, double.NaN, e.Message);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return new(golden, Verdict.Fail, double.NaN, double.NaN, $"{e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    private static CaseOutcome Compare(GoldenCase golden, BuiltOperator built, Device device)
    {
        var state = Load(golden, built, device);
        var inputs = golden.Inputs.ToDictionary(i => i.Key, i =>
            i.Value.ToTensor(device).requires_grad_(golden.Gradients.ContainsKey(i.Key)));
        var outputs = built.Forward(new CaseInputs(golden, inputs));
        var values = new WorstError();
        foreach (var (name, expected) in golden.Outputs)
        {
            if (!outputs.TryGetValue(name, out var found)) { throw new UnsupportedCaseException($"output {name}"); }
            values.Take($"output {name}", found, expected);
        }

        foreach (var (name, expected) in golden.BuffersAfter) { values.Take($"buffer {name}", state[built.Rename(name)], expected); }

        var gradients = new WorstError();
        if (golden.Gradients.Count > 0) { TakeGradients(golden, built, outputs, inputs, state, gradients); }
        var reason = values.Value > ValueTolerance ? values.Where : gradients.Value > GradientTolerance ? gradients.Where : "";
        return new(golden, reason.Length == 0 ? Verdict.Pass : Verdict.Fail, values.Value, gradients.Value, reason);
    }

    private static void TakeGradients(
        GoldenCase golden,
        BuiltOperator built,
        IReadOnlyDictionary<string, Tensor> outputs,
        Dictionary<string, Tensor> inputs,
        Dictionary<string, Tensor> state,
        WorstError worst)
    {
        var loss = golden.LossWeights.Select(w => (outputs[w.Key] * w.Value.ToTensor(outputs[w.Key].device)).sum()).Aggregate((a, b) => a + b);
        loss.backward();
        foreach (var (name, expected) in golden.Gradients)
        {
            var holder = inputs.TryGetValue(name, out var input) ? input : state[built.Rename(name)];
            var found = holder.grad ?? zeros_like(holder);
            // A 1×1 convolution's weight [out, in, 1, 1] is the weight [out, in] of a linear layer on rows.
            worst.Take($"gradient of {name}", input is null ? found.reshape(expected.Shape) : found, expected);
        }
    }

    /// <summary>Copies the case's parameters and buffers into the module; any name on one side only is a fault.</summary>
    private static Dictionary<string, Tensor> Load(GoldenCase golden, BuiltOperator built, Device device)
    {
        if (built.Module is not { } module)
        {
            return golden.Parameters.Count == 0 ? [] : throw new InvalidOperationException("parameters given, but the operator has none");
        }

        module.to(ScalarType.Float64);
        module.to(device);
        module.train(golden.Training);
        var parameters = module.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter);
        var state = parameters.Concat(module.named_buffers().Select(b => new KeyValuePair<string, Tensor>(b.name, b.buffer))).ToDictionary();
        var given = golden.Parameters.Concat(golden.BuffersBefore).ToDictionary(g => built.Rename(g.Key), g => g.Value);
        foreach (var (name, tensor) in given)
        {
            if (!state.TryGetValue(name, out var ours))
            {
                throw new InvalidOperationException($"no parameter or buffer {name}; there are: {string.Join(", ", state.Keys)}");
            }

            using var constant = no_grad();
            ours.copy_(tensor.ToTensor(device).reshape(ours.shape));
        }

        var missing = parameters.Where(p => p.Value.requires_grad && !given.ContainsKey(p.Key)).Select(p => p.Key).ToArray();
        if (missing.Length > 0) { throw new InvalidOperationException($"parameters not given: {string.Join(", ", missing)}"); }
        foreach (var (name, trains) in golden.Trainable)
        {
            if (parameters.TryGetValue(built.Rename(name), out var ours)) { ours.requires_grad_(trains); }
        }

        return state;
    }
}
