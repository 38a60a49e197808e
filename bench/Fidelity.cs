using System.Text.Json;
using Contracts;
using DeepGnn.Backbones;
using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using DeepGnn.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Bench;

/// <summary>
/// The audit of the reversible backbone: its gradients in single precision against those of the same layers that keep every activation, in double
/// precision, with the same weights, dropout masks and graph (layer norm, ReLU, SAGE mean; two groups). Beside them: that stack in single precision, and
/// the distance to the stack that computes the same numbers and keeps them. One rectifier that switches because of a rounding costs 1e-4 to 5e-4 here.
/// </summary>
internal static class Fidelity
{
    private const int Nodes = 1_000, Edges = 10_000, Channels = 64, Groups = 2;

    public static void Print(int layers, double dropout, int? anchorEvery)
    {
        TorchRuntime.Start(0, 2);
        using var scope = NewDisposeScope();
        var ends = new Random(1);
        var graph = new Graph(Nodes, [.. Enumerable.Range(0, Edges).Select(_ => ends.Next(Nodes))], [.. Enumerable.Range(0, Edges).Select(_ => ends.Next(Nodes))]);
        const int width = Channels / Groups;
        var spec = new RunSpec
        {
            Data = new() { Dataset = "sbm" },
            Model = new() { Backbone = Backbone.Reversible, Layers = layers },
            Training = new() { AnchorEvery = anchorEvery },
        };
        using var stack = new ReversibleStack(
            [
                .. Enumerable.Range(0, layers).Select(_ => new GroupCoupling(
                    [.. Enumerable.Range(0, Groups).Select(_ => new CouplingBlock(new SageConv(width, width), nn.LayerNorm(width), nn.ReLU()))])),
            ],
            dropout)
        {
            AnchorEvery = Recomputation.AnchorEvery(spec),
            CarriesDouble = Recomputation.CarriesDouble(spec),
        };
        var (x, factor) = (randn(Nodes, Channels), randn(Nodes, Channels));
        var reversible = Gradients(stack, x, factor, graph);
        var inversionError = stack.InversionError;
        stack.KeepsActivations = true;
        var same = Gradients(stack, x, factor, graph);
        stack.CarriesDouble = false;
        var kept = Gradients(stack, x, factor, graph);
        stack.to(ScalarType.Float64);
        var right = Gradients(stack, x.to(float64), factor.to(float64), graph);
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            layers,
            dropout,
            anchorEvery = stack.AnchorEvery,
            carriesDouble = Recomputation.CarriesDouble(spec),
            inversionError,
            parameterGradients = new { reversible = Apart(reversible[1..], right[1..]), kept = Apart(kept[1..], right[1..]), reversibleFromSameKept = Apart(reversible[1..], same[1..]) },
            inputGradient = new { reversible = Apart(reversible[..1], right[..1]), kept = Apart(kept[..1], right[..1]) },
        }));
    }

    private static Tensor[] Gradients(ReversibleStack stack, Tensor start, Tensor factor, Graph graph)
    {
        stack.zero_grad();
        manual_seed(7); // the masks
        var x = start.clone().requires_grad_();
        (stack.call(x, graph) * factor).sum().backward();
        return [x.grad!.to(float64), .. stack.parameters().Select(parameter => parameter.grad!.to(float64).clone())];
    }

    // Norm of the difference by the norm of the right ones, all tensors together.
    private static double Apart(Tensor[] found, Tensor[] right) =>
        Math.Sqrt(found.Zip(right).Sum(pair => Squared(pair.First - pair.Second)) / right.Sum(Squared));

    private static double Squared(Tensor x) => x.pow(2).sum().item<double>();
}
