using System.Runtime.InteropServices;
using Contracts;

namespace DeepGnn.Datasets;

/// <summary>
/// A stochastic block model (Holland et al. 1983) with features. C blocks of ⌊N/C⌋ or ⌈N/C⌉ nodes each; two nodes of a block are joined
/// with
/// probability degreeWithin / (block size − 1), two of different blocks with degreeBetween / (N − block size), at most 1, so the degrees
/// are the expected ones. A node's features are its block's mean plus standard normal noise; the means are separation/√2 times random
/// unit vectors, so that the squared distance of two means is separation² on average. One split, balanced: of each class 20 nodes
/// train, 30 choose, the rest test (a third each where a class has too few).
/// </summary>
internal static class BlockModel
{
    /// <summary>Features are made densely; this many take 0.8 GB.</summary>
    private const long MaxFeatureEntries = 200_000_000;

    public static NodeDataset Make(SbmSpec spec)
    {
        if ((long)spec.Nodes * spec.Features > MaxFeatureEntries)
        {
            throw new DataSpecException(
                "$.data.sbm.features",
                $"found {spec.Nodes} nodes by {spec.Features} features, needed at most {MaxFeatureEntries} entries");
        }

        if (spec.Classes < 2 || spec.Nodes / spec.Classes < 3)
        {
            throw new DataSpecException(
                "$.data.sbm.classes",
                $"found {spec.Classes} classes for {spec.Nodes} nodes, needed 2 or more of at least 3 nodes each");
        }

        var labels = Enumerable.Range(0, spec.Nodes).Select(node => (int)((long)node * spec.Classes / spec.Nodes)).ToArray();
        var (sources, targets) = Edges(spec, labels);
        return new()
        {
            Name = "sbm",
            Graph = UndirectedEdges.ToGraph("sbm", spec.Nodes, CollectionsMarshal.AsSpan(sources), CollectionsMarshal.AsSpan(targets)),
            Features = Features(spec, labels),
            Labels = labels,
            ClassCount = spec.Classes,
            Splits = [NodeSplits.PerClass(labels, spec.Classes, train: 20, valid: 30, spec.Seed)],
        };
    }

    private static (List<int> Sources, List<int> Targets) Edges(SbmSpec spec, int[] labels)
    {
        var random = new SeededRandom(spec.Seed, stream: 2);
        var (sources, targets) = (new List<int>(), new List<int>());
        var start = 0;
        while (start < spec.Nodes)
        {
            var size = 1;
            while (start + size < spec.Nodes && labels[start + size] == labels[start]) { size++; }

            // Blocks are runs of nodes: pairs within one first, then pairs of its nodes with all later ones.
            var from = start;
            var rest = start + size;
            Draw(random, size, size, spec.DegreeWithin / (size - 1), (i, j) => { if (i < j) { Join(from + i, from + j); } });
            Draw(random, size, spec.Nodes - rest, spec.DegreeBetween / (spec.Nodes - size), (i, j) => Join(from + i, rest + j));
            start += size;
        }

        return (sources, targets);

        void Join(int source, int target)
        {
            sources.Add(source);
            targets.Add(target);
        }
    }

    /// <summary>
    /// Each cell of a rows × columns table with the given probability, in time proportional to the cells drawn: the gap to the next one
    /// is geometric (Batagelj and Brandes, Efficient generation of large random networks, 2005).
    /// </summary>
    private static void Draw(SeededRandom random, int rows, int columns, double probability, Action<int, int> cell)
    {
        if (probability <= 0) { return; }

        var cells = (double)rows * columns;
        var logMiss = Math.Log(Math.Max(0, 1 - probability));
        var at = -1.0;
        while (true)
        {
            at += probability >= 1 ? 1 : 1 + Math.Floor(Math.Log(1 - random.NextDouble()) / logMiss);
            if (at >= cells) { return; }
            cell((int)((long)at / columns), (int)((long)at % columns));
        }
    }

    private static FeatureMatrix Features(SbmSpec spec, int[] labels)
    {
        var random = new SeededRandom(spec.Seed, stream: 3);
        var means = Enumerable.Range(0, spec.Classes).Select(_ => Mean(spec, random)).ToArray();
        var values = new float[spec.Nodes * spec.Features];
        for (var k = 0; k < values.Length; k++)
        {
            values[k] = (float)(means[labels[k / spec.Features]][k % spec.Features] + random.NextGaussian());
        }

        return FeatureMatrix.FromDense(spec.Nodes, spec.Features, values);
    }

    private static double[] Mean(SbmSpec spec, SeededRandom random)
    {
        var direction = Enumerable.Range(0, spec.Features).Select(_ => random.NextGaussian()).ToArray();
        var scale = spec.Separation / Math.Sqrt(2) / Math.Sqrt(direction.Sum(x => x * x));
        return Array.ConvertAll(direction, x => x * scale);
    }
}
