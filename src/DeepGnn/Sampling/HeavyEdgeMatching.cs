using DeepGnn.Datasets;

namespace DeepGnn.Sampling;

/// <summary>
/// Pairs of nodes to be contracted: each node in random order with the free neighbour over its heaviest edge (Karypis and Kumar 1998, section
/// 3.1). Where many find none (stars, isolated nodes), those that hang on one neighbour are paired with each other, and isolated ones likewise
/// (LaSalle et al., "Improving Graph Partitioning for Modern Graphs and Architectures", 2015, two-hop matching).
/// </summary>
internal static class HeavyEdgeMatching
{
    /// <summary>Above this share of single nodes two-hop pairs are sought, as METIS does.</summary>
    private const double ManySingle = 0.1;

    /// <returns>The coarse node of each node and their number; <paramref name="heaviest"/> bounds a pair's weight.</returns>
    public static (int[] CoarseOf, int Count) Match(LevelGraph graph, long heaviest, SeededRandom random)
    {
        var order = Enumerable.Range(0, graph.NodeCount).ToArray();
        random.Shuffle(order);
        var mate = new int[graph.NodeCount];
        Array.Fill(mate, -1);
        var single = graph.NodeCount;
        foreach (var node in order)
        {
            if (mate[node] >= 0) { continue; }
            var partner = Heaviest(graph, node, other => mate[other] < 0 && Together(graph, node, other) <= heaviest);
            if (partner < 0) { continue; }
            (mate[node], mate[partner]) = (partner, node);
            single -= 2;
        }

        if (single > ManySingle * graph.NodeCount) { PairOverTwoHops(graph, heaviest, order, mate); }
        return Numbered(order, mate);
    }

    private static void PairOverTwoHops(LevelGraph graph, long heaviest, int[] order, int[] mate)
    {
        var waiting = new int[graph.NodeCount + 1]; // at each hub, and last those without neighbours
        Array.Fill(waiting, -1);
        foreach (var node in order)
        {
            if (mate[node] >= 0) { continue; }
            var hub = Heaviest(graph, node, _ => true);
            ref var other = ref waiting[hub < 0 ? graph.NodeCount : hub];
            if (other < 0 || Together(graph, node, other) > heaviest) { other = node; continue; }
            (mate[node], mate[other]) = (other, node);
            other = -1;
        }
    }

    private static int Heaviest(LevelGraph graph, int node, Func<int, bool> allowed)
    {
        var (found, weight) = (-1, 0);
        for (var k = graph.Offsets[node]; k < graph.Offsets[node + 1]; k++)
        {
            if (graph.Weights[k] > weight && allowed(graph.Neighbors[k])) { (found, weight) = (graph.Neighbors[k], graph.Weights[k]); }
        }

        return found;
    }

    private static long Together(LevelGraph graph, int a, int b) => (long)graph.NodeWeights[a] + graph.NodeWeights[b];

    private static (int[] CoarseOf, int Count) Numbered(int[] order, int[] mate)
    {
        var coarse = new int[mate.Length];
        Array.Fill(coarse, -1);
        var count = 0;
        foreach (var node in order)
        {
            if (coarse[node] >= 0) { continue; }
            coarse[node] = count;
            if (mate[node] >= 0) { coarse[mate[node]] = count; }
            count++;
        }

        return (coarse, count);
    }
}
