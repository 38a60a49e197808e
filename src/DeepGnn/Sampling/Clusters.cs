using System.Globalization;
using DeepGnn.Datasets;
using DeepGnn.Graphs;

namespace DeepGnn.Sampling;

/// <summary>
/// Parts of nearly equal size with few edges between them, by a multilevel partition: the graph is coarsened by heavy-edge matching, parts are
/// grown on the coarsest graph, and their boundaries are refined on each level on the way back. Directions are ignored; repeated edges weigh
/// more.
/// <para>Source: Karypis and Kumar, "A Fast and High Quality Multilevel Scheme for Partitioning Irregular Graphs", SIAM J. Sci. Comput. 20(1),
/// 1998; for mini-batches Chiang et al., "Cluster-GCN", arXiv 1905.07953.</para>
/// </summary>
public static class Clusters
{
    private const int Stream = 24;
    private const int CoarsePerPart = 30;
    private const int CoarseAtLeast = 128;
    private const int Growths = 4;

    /// <summary>Finds the parts; O(E log N) time.</summary>
    /// <param name="graph">N nodes; may be disconnected or have isolated nodes.</param>
    /// <param name="parts">P in [1, N].</param>
    /// <param name="seed">Equal seeds give equal parts on every machine.</param>
    /// <param name="tolerance">No part has more than max(⌈N/P⌉, ⌊tolerance·N/P⌋) nodes; at least 1.</param>
    /// <exception cref="ArgumentException">P is below 1 or above N: says both; a tolerance below 1.</exception>
    public static NodeParts Of(Graph graph, int parts, int seed, double tolerance = 1.1)
    {
        NodeParts.CheckCount(parts, graph.NodeCount);
        if (!(tolerance >= 1 && double.IsFinite(tolerance)))
        {
            throw new ArgumentException($"tolerance: found {tolerance.ToString(CultureInfo.InvariantCulture)}, needed a finite number of at least 1");
        }

        var limit = Math.Max((graph.NodeCount + parts - 1L) / parts, (long)(tolerance * graph.NodeCount / parts));
        var random = new SeededRandom(seed, Stream);
        var (levels, coarseOf) = Coarsened(LevelGraph.Of(graph), parts, random);
        var partOf = Grown(levels[^1], parts, limit, random);
        for (var level = levels.Count - 2; level >= 0; level--)
        {
            partOf = Array.ConvertAll(coarseOf[level], coarse => partOf[coarse]);
            new BoundaryRefinement(levels[level], partOf, parts, limit).Run();
        }

        return new(partOf, parts);
    }

    private static (List<LevelGraph> Levels, List<int[]> CoarseOf) Coarsened(LevelGraph finest, int parts, SeededRandom random)
    {
        var levels = new List<LevelGraph> { finest };
        var coarseOf = new List<int[]>();
        var enough = Math.Max(CoarseAtLeast, CoarsePerPart * (long)parts);
        // Heavier nodes could not be balanced.
        var heaviest = Math.Max(2, (long)(1.5 * finest.NodeCount / enough));
        while (levels[^1].NodeCount > enough)
        {
            var (coarse, count) = HeavyEdgeMatching.Match(levels[^1], heaviest, random);
            if (count > 0.95 * levels[^1].NodeCount) { break; }
            coarseOf.Add(coarse);
            levels.Add(levels[^1].Contracted(coarse, count));
        }

        return (levels, coarseOf);
    }

    // The best of a few growths, each refined: the coarsest graph is small.
    private static int[] Grown(LevelGraph coarsest, int parts, long limit, SeededRandom random)
    {
        int[]? best = null;
        var least = long.MaxValue;
        for (var growth = 0; growth < Growths; growth++)
        {
            var partOf = GreedyGrowing.Grow(coarsest, parts, random);
            new BoundaryRefinement(coarsest, partOf, parts, limit).Run();
            var cut = BoundaryRefinement.Cut(coarsest, partOf);
            if (cut < least) { (best, least) = (partOf, cut); }
        }

        return best!;
    }
}
