using Conformance;
using DeepGnn.Aggregation;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Golden;

/// <summary>Every golden case in this folder, with both kernel sets: values to 1e-9, gradients to 1e-8 in float64.</summary>
public sealed class GoldenTests
{
    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Golden", "cases");

    public static TheoryData<string, KernelSet> Files()
    {
        var data = new TheoryData<string, KernelSet>();
        foreach (var file in Directory.GetFiles(Folder, "*.json").Order(StringComparer.Ordinal))
        {
            data.Add(Path.GetFileName(file), KernelSet.Simd);
            data.Add(Path.GetFileName(file), KernelSet.Torch);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Operator_equals_its_reference_in_values_and_gradients(string file, KernelSet kernels)
    {
        var cases = GoldenCase.ReadFile(Path.Combine(Folder, file));
        var wrong = cases.Select(golden => CaseRunner.Run(golden, CPU, kernels)).Where(outcome => outcome.Verdict != Verdict.Pass);

        Assert.NotEmpty(cases);
        Assert.Empty(wrong.Select(outcome => $"{outcome.Case.Name}: {outcome.Verdict} {outcome.Reason}"));
    }
}
