using System.Text.Json.Nodes;
using Conformance;
using Testing;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Golden;

/// <summary>The judge itself: a case that is off by little must fail, one that asks for something unknown must not pass.</summary>
public sealed class ConformanceTests
{
    [Theory]
    [InlineData("outputs", "out", Verdict.Fail, "output out")]
    [InlineData("grads", "lin.weight", Verdict.Fail, "gradient of lin.weight")]
    public void Case_fails_when_an_expected_figure_is_off(string group, string name, Verdict verdict, string said)
    {
        var outcome = RunChanged(c => c[group]![name]!["data"]![0] = c[group]![name]!["data"]![0]!.GetValue<double>() + 1e-6);

        Assert.Equal(verdict, outcome.Verdict);
        Assert.Contains(said, outcome.Reason);
    }

    [Fact]
    public void Case_with_a_configuration_nobody_read_is_unsupported()
    {
        var outcome = RunChanged(c => c["config"]!["flow"] = "target_to_source");

        Assert.Equal(Verdict.Unsupported, outcome.Verdict);
        Assert.Contains("flow", outcome.Reason);
    }

    [Theory]
    [InlineData("dropout", "0.5")]
    [InlineData("normalize", "null")]
    public void Case_with_a_value_the_engine_would_misread_is_unsupported(string key, string value)
    {
        var outcome = RunChanged(c => c["config"]![key] = JsonNode.Parse(value));

        Assert.Equal(Verdict.Unsupported, outcome.Verdict);
        Assert.Contains($"{key}: found {value}", outcome.Reason);
    }

    [Fact]
    public void Case_fails_when_a_parameter_is_missing()
    {
        var outcome = RunChanged(c => ((JsonObject)c["parameters"]!).Remove("bias"));

        Assert.Equal(Verdict.Fail, outcome.Verdict);
        Assert.Contains("bias", outcome.Reason);
    }

    private static CaseOutcome RunChanged(Action<JsonObject> change)
    {
        using var folder = TestFolders.NewTemporary();
        var file = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "cases", "GCNConv.json")))!;
        change((JsonObject)file["cases"]![0]!);
        File.WriteAllText(folder.File("GCNConv.json"), file.ToJsonString());
        return CaseRunner.Run(GoldenCase.ReadFile(folder.File("GCNConv.json"))[0], CPU, null);
    }
}
