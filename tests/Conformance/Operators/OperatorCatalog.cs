namespace Conformance.Operators;

/// <summary>Which builder makes which operator.</summary>
public static class OperatorCatalog
{
    private static readonly Dictionary<string, Func<GoldenCase, BuiltOperator>> s_builders = new()
    {
        ["GCNConv"] = SparseConvolutions.Gcn,
        ["GENConv"] = SparseConvolutions.Gen,
        ["DeepGCNLayer"] = Layers.DeepGcn,
        ["SoftmaxAggregation"] = Aggregations.Softmax,
        ["PowerMeanAggregation"] = Aggregations.PowerMean,
    };

    public static BuiltOperator Build(GoldenCase golden) => s_builders.TryGetValue(golden.Operator, out var build)
        ? build(golden)
        : throw new UnsupportedCaseException($"operator {golden.Operator}");
}
