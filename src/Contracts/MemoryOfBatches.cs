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

    /// <summary>What the making of batches leaves to the garbage collector before it runs, at most: measured.</summary>
    private const long MostChurn = 20L << 20;

    /// <summary>The same where it is blocks of clouds.</summary>
    public const long ChurnOfClouds = 4L << 20;

    /// <summary>
    /// Nodes and directed edges of a batch. Of one graph: random parts keep an edge where both ends are drawn, clusters keep most, sampled
    /// neighbours meet at popular nodes. Of many: the larger batches of an epoch are about a third above the mean.
    /// </summary>
    public static (long Nodes, long Edges) Of(RunSpec spec, MemoryOfData data)
    {
        var sampling = spec.Training.Sampling;
        if (data.Graphs > 1)
        {
            var size = sampling.BatchSize > 0 ? sampling.BatchSize : DefaultSize(data.Task);
            var share = size == 1 ? 1.0 * data.LargestNodes / data.Nodes : Math.Min(1, 1.3 * size / data.Graphs);
            return ((long)(data.Nodes * share), size == 1 ? data.LargestEdges : (long)(data.Edges * share));
        }

        var part = Math.Min(1, (double)sampling.PartsPerBatch / Math.Max(1, sampling.Parts));
        return sampling.Method switch
        {
            SamplingMethod.RandomParts => ((long)(data.Nodes * part), (long)(data.Edges * part * part)),
            SamplingMethod.Clusters => ((long)(data.Nodes * part), (long)(data.Edges * part)),
            SamplingMethod.Neighbors => Sampled(sampling, data),
            _ => (data.Nodes, data.Edges),
        };
    }

    /// <summary>Bytes that clusters take while they are found: coarser and coarser graphs.</summary>
    public static long Clustering(RunSpec spec, MemoryOfData data) =>
        spec.Training.Sampling.Method == SamplingMethod.Clusters && data.Graphs == 1 ? 130 * data.Edges : 0;

    /// <summary>Bytes that mini-batches hold beside the model's: pieces of the graph for the evaluation, batches of all splits.</summary>
    public static long Held(RunSpec spec, MemoryOfData data)
    {
        var method = spec.Training.Sampling.Method;
        var stored = (long)(data.Nodes * data.Features * data.StoredShare);
        // Dense features are picked by libtorch, which gives back what it took.
        var sparse = data.StoredShare < 1 ? stored : 0;
        if (data.Graphs > 1) { return Churn((4L << 20) + (8 * stored) + (100 * data.Edges)) + (4 * stored) + (24 * data.Edges); }
        return method switch
        {
            SamplingMethod.Full => 0,
            SamplingMethod.Neighbors => Churn((4L << 20) + (16 * sparse) + (30 * data.Edges)) + (10 * data.Edges),
            _ => Churn((4L << 20) + (16 * sparse) + (30 * data.Edges)) + (40 * data.Edges),
        };

        static long Churn(long bytes) => Math.Min(MostChurn, bytes);
    }

    private static (long Nodes, long Edges) Sampled(SamplingSpec sampling, MemoryOfData data)
    {
        var (nodes, edges) = (data.Nodes, data.Edges);
        double reached = Math.Min(data.TrainNodes, sampling.BatchSize > 0 ? sampling.BatchSize : SeedNodes), found = reached, drawn = 0;
        foreach (var fanout in sampling.Fanouts)
        {
            var each = fanout < 0 ? (double)edges / nodes : Math.Min(fanout, (double)edges / nodes) * data.DrawnShare;
            drawn += reached * each;
            // Of n nodes, m draws meet n(1 − e^(−m/n)); those not met before are the next to draw.
            reached = (nodes - found) * (1 - Math.Exp(-reached * each / nodes));
            found += reached;
        }
        return ((long)Math.Min(nodes, found), (long)Math.Min(edges, drawn));
    }
}
