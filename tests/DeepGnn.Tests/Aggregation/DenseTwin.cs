using DeepGnn.Aggregation;
using DeepGnn.Graphs;

namespace DeepGnn.Tests.Aggregation;

/// <summary>The reductions written with loops over all edges, in double, one channel at a time.</summary>
internal static class DenseTwin
{
    public static double[,] Reduce(Reduction reduction, Graph graph, double[,] x, double[,]? a, bool rectified, double epsilon, double parameter)
    {
        var (nodes, width) = (x.GetLength(0), x.GetLength(1));
        var result = new double[nodes, width];
        for (var i = 0; i < nodes; i++)
        {
            for (var d = 0; d < width; d++)
            {
                var messages = new List<double>();
                for (var e = 0; e < graph.EdgeCount; e++)
                {
                    if (graph.Targets[e] != i) { continue; }
                    var z = x[graph.Sources[e], d] + (a is null ? 0 : a[e, d]);
                    messages.Add(rectified ? Math.Max(z, 0) + epsilon : z);
                }

                result[i, d] = Of(reduction, messages, parameter);
            }
        }

        return result;
    }

    public static double[,] WeightedSum(Graph graph, double[,] x, double[,] weights)
    {
        var (nodes, width, heads) = (x.GetLength(0), x.GetLength(1), weights.GetLength(1));
        var result = new double[nodes, width];
        for (var e = 0; e < graph.EdgeCount; e++)
        {
            for (var d = 0; d < width; d++)
            {
                result[graph.Targets[e], d] += weights[e, d / (width / heads)] * x[graph.Sources[e], d];
            }
        }

        return result;
    }

    private static double Of(Reduction reduction, List<double> m, double parameter)
    {
        if (reduction == Reduction.PowerMean)
        {
            var mean = m.Count == 0 ? 0 : m.Sum(v => Math.Pow(Math.Clamp(v, 1e-4, 100), parameter)) / m.Count;
            return Math.Pow(Math.Clamp(mean, 1e-4, 100), 1 / parameter);
        }

        if (m.Count == 0) { return 0; }
        return reduction switch
        {
            Reduction.Sum => m.Sum(),
            Reduction.Mean => m.Average(),
            Reduction.Max => m.Max(),
            _ => m.Sum(v => v * Math.Exp(parameter * v)) / m.Sum(v => Math.Exp(parameter * v)),
        };
    }
}
