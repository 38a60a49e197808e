using Contracts;
using DeepGnn.Aggregation;
using DeepGnn.Datasets;
using DeepGnn.Graphs;
using DeepGnn.Models;
using DeepGnn.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Properties;

/// <summary>What holds for every model that a spec can ask for: every convolution in every backbone that takes it.</summary>
public sealed class ModelPropertyTests
{
    private const int Nodes = 24;
    private const int Edges = 90;
    private const int Features = 20;
    private const int Classes = 3;

    public static TheoryData<Convolution, Backbone> Models() =>
    [
        .. from convolution in Enum.GetValues<Convolution>()
           from backbone in Enum.GetValues<Backbone>()
           where IsValid(Spec(convolution, backbone))
           select (convolution, backbone),
    ];

    public static TheoryData<Convolution, Backbone, string> Extremes() =>
    [
        .. from model in Models()
           from graph in s_extremes.Keys
           select (model.Data.Item1, model.Data.Item2, graph),
    ];

    public static TheoryData<Normalization, string> NormalizedExtremes() =>
    [
        .. from normalization in Enum.GetValues<Normalization>()
           from graph in s_extremes.Keys
           select (normalization, graph),
    ];

    private static readonly Dictionary<string, Func<Graph>> s_extremes = new()
    {
        ["isolated nodes"] = () => new Graph(6, [0, 1, 1], [1, 0, 2]),
        ["no edges"] = () => new Graph(5, [], []),
        ["one node"] = () => new Graph(1, [], []),
        ["one node that sees itself"] = () => new Graph(1, [0], [0]),
        ["repeated edges"] = () => new Graph(4, [0, 0, 0, 2, 2], [1, 1, 1, 3, 3]),
        ["self-loops"] = () => new Graph(4, [0, 1, 1, 2, 0], [0, 1, 1, 2, 1]),
    };

    /// <summary>In float64 sums in another order agree to 1e-10 of the largest value.</summary>
    [Theory]
    [MemberData(nameof(Models))]
    public void Order_of_nodes_and_edges_changes_nothing_in_float64(Convolution convolution, Backbone backbone) =>
        CheckOrder(convolution, backbone, ScalarType.Float64, tolerance: 1e-10);

    /// <summary>In float32, 3 layers deep, to 2e-4 of the largest value: some 1,700 units in the last place, sums and their differences.</summary>
    [Theory]
    [MemberData(nameof(Models))]
    public void Order_of_nodes_and_edges_changes_nothing_but_rounding_in_float32(Convolution convolution, Backbone backbone) =>
        CheckOrder(convolution, backbone, ScalarType.Float32, tolerance: 2e-4);

    [Theory]
    [MemberData(nameof(Extremes))]
    public void Output_and_gradients_are_finite_on_any_graph(Convolution convolution, Backbone backbone, string graph) =>
        CheckFinite(Spec(convolution, backbone), s_extremes[graph](), training: true);

    /// <summary>Batch statistics need two nodes, as in PyTorch, so one node is evaluated with the running ones.</summary>
    [Theory]
    [MemberData(nameof(NormalizedExtremes))]
    public void Output_and_gradients_are_finite_with_any_normalization(Normalization normalization, string name)
    {
        var graph = s_extremes[name]();
        var countsBatches = normalization is Normalization.Batch or Normalization.Group;
        CheckFinite(Spec(Convolution.Gcn, Backbone.Res) with { Normalization = normalization }, graph, training: !countsBatches || graph.NodeCount > 1);
    }

    private static void CheckOrder(Convolution convolution, Backbone backbone, ScalarType type, double tolerance)
    {
        TorchRuntime.Start(seed: 5);
        using var scope = NewDisposeScope();
        var graph = RandomGraph.Of(Nodes, Edges, seed: 11);
        var (names, order) = (RandomGraph.Permutation(Nodes, 1), RandomGraph.Permutation(Edges, 2));
        var sameNames = Enumerable.Range(0, Nodes).ToArray();
        using var model = new DeepGcn(Spec(convolution, backbone), Features, Classes);
        model.to(type);

        var weights = randn(Nodes, Classes, type);
        var (expected, slopes) = Run(model, SparseRows(sameNames), graph, weights);
        var (shuffled, shuffledSlopes) = Run(model, SparseRows(sameNames), RandomGraph.Renamed(graph, sameNames, order), weights);
        var rows = tensor(Array.ConvertAll(names, name => (long)name));
        var (renamed, renamedSlopes) = Run(model, SparseRows(names), RandomGraph.Renamed(graph, names, order), zeros_like(weights).index_copy_(0, rows, weights));

        AssertSame(expected, shuffled, tolerance, "outputs, edges shuffled");
        AssertSame(expected, renamed.index_select(0, rows), tolerance, "outputs, nodes renamed");
        foreach (var (name, slope) in slopes)
        {
            AssertSame(slope, shuffledSlopes[name], tolerance, $"gradient of {name}, edges shuffled");
            AssertSame(slope, renamedSlopes[name], tolerance, $"gradient of {name}, nodes renamed");
        }
    }

    private static void CheckFinite(ModelSpec spec, Graph graph, bool training)
    {
        TorchRuntime.Start(seed: 5);
        using var scope = NewDisposeScope();
        using var model = new DeepGcn(spec, Features, Classes);
        model.train(training);
        var (output, slopes) = Run(model, SparseRows([.. Enumerable.Range(0, graph.NodeCount)]), graph, ones(graph.NodeCount, Classes));

        Assert.Equal([graph.NodeCount, Classes], output.shape);
        Assert.True(output.isfinite().all().ToBoolean(), "an output is not finite");
        foreach (var (name, slope) in slopes) { Assert.True(slope.isfinite().all().ToBoolean(), $"{name} has a gradient that is not finite"); }
    }

    private static (Tensor Output, Dictionary<string, Tensor> Slopes) Run(DeepGcn model, FeatureMatrix features, Graph graph, Tensor weights)
    {
        model.zero_grad();
        using var x = new InputFeatures(features, CPU);
        var output = model.forward(x, graph);
        (output * weights).sum().backward();
        return (output.detach(), model.named_parameters()
            .ToDictionary(p => p.name, p => p.parameter.grad is { } slope ? slope.clone() : zeros_like(p.parameter.detach())));
    }

    private static void AssertSame(Tensor expected, Tensor found, double tolerance, string what)
    {
        var scale = Math.Max(1, expected.abs().max().to(float64).item<double>());
        var apart = (expected - found).abs().max().to(float64).item<double>() / scale;
        Assert.True(apart <= tolerance, $"{what}: found a relative difference of {apart}, needed at most {tolerance}");
    }

    /// <summary>Features of node v at row names[v], three of them not zero: rows as sparse as these may meet weights of any type.</summary>
    private static FeatureMatrix SparseRows(int[] names)
    {
        var dense = new float[names.Length * Features];
        for (var v = 0; v < names.Length; v++)
        {
            var random = new Random(v);
            for (var entry = 0; entry < 3; entry++) { dense[(names[v] * Features) + random.Next(Features)] = random.NextSingle() + 0.1f; }
        }

        return FeatureMatrix.FromDense(names.Length, Features, dense);
    }

    private static ModelSpec Spec(Convolution convolution, Backbone backbone) => new()
    {
        Convolution = convolution, Backbone = backbone, Layers = 3, HiddenChannels = 8, Heads = 2, Dropout = 0, Normalization = Normalization.Layer,
    };

    private static bool IsValid(ModelSpec model) =>
        RunSpecValidation.Faults(new RunSpec { Data = new() { Dataset = "karate" }, Model = model, Training = new() }).Count == 0;
}
