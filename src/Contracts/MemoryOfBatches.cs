namespace Contracts;

/// <summary>What goes through a model at once: how many nodes and directed edges.</summary>
internal static class MemoryOfBatches
{
    /// <summary>Seed nodes of a batch of sampled neighbours, where the spec names no number.</summary>
    public const int SeedNodes = 1_024;

    /// <summary>Graphs, clouds or blocks of a batch, where the spec names no number.</summary>
    public static int DefaultSize(string task) => task switch
    {
        DatasetTasks.GraphClassification or DatasetTasks.SkeletonClassification => 32,
        DatasetTasks.PointCloudSegmentation => 4,
        DatasetTasks.PointCloudClassification => 8,
        _ => 1,
    };

    /// <summary>
    /// Of one graph: random parts keep an edge where both ends are drawn, clusters keep most, sampled neighbours meet at popular nodes.
    /// </summary>
    public static (long Nodes, long Edges) Of(SamplingSpec sampling, long nodes, long edges)
    {
        var share = Math.Min(1, (double)sampling.PartsPerBatch / Math.Max(1, sampling.Parts));
        return sampling.Method switch
        {
            SamplingMethod.RandomParts => ((long)(nodes * share), (long)(edges * share * share)),
            SamplingMethod.Clusters => ((long)(nodes * share), (long)(edges * share)),
            SamplingMethod.Neighbors => Sampled(sampling, nodes, edges),
            _ => (nodes, edges),
        };
    }

    private static (long Nodes, long Edges) Sampled(SamplingSpec sampling, long nodes, long edges)
    {
        double reached = sampling.BatchSize > 0 ? sampling.BatchSize : SeedNodes, found = reached, drawn = 0;
        foreach (var fanout in sampling.Fanouts)
        {
            var each = Math.Min(fanout < 0 ? double.MaxValue : fanout, (double)edges / nodes);
            drawn += reached * each;
            // Of n nodes, m draws meet n(1 − e^(−m/n)).
            reached = nodes * (1 - Math.Exp(-reached * each / nodes));
            found += reached;
        }
        return ((long)Math.Min(nodes, found), (long)Math.Min(edges, drawn));
    }
}
