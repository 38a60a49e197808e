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

    /// <summary>What the making of batches leaves to the garbage collector before it runs: measured.</summary>
    private const long MostChurn = 45L << 20;

    /// <summary>The same where it is blocks of clouds.</summary>
    public const long ChurnOfClouds = 20L << 20;

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

    /// <summary>Bytes that mini-batches hold beside the model's: pieces of the graph for the evaluation, batches of all splits.</summary>
    public static long Held(RunSpec spec, MemoryOfData data)
    {
        var stored = (long)(data.Nodes * data.Features * data.StoredShare);
        var churn = Math.Min(MostChurn, (8L << 20) + (16 * stored) + (200 * data.Edges));
        // What the reading of text left free is used first.
        if (data.ReadFromText) { churn = Math.Max(0, churn - (data.LoadedBytes / 4)); }
        if (data.Graphs > 1) { return churn + (4 * stored) + (24 * data.Edges); }
        if (spec.Training.Sampling.Method == SamplingMethod.Full) { return 0; }
        var making = spec.Training.Sampling.Method == SamplingMethod.Clusters ? 100 : 60; // bytes an edge: coarser and coarser graphs
        return churn + (data.Edges * making) + (data.Nodes * 100);
    }

    private static (long Nodes, long Edges) Sampled(SamplingSpec sampling, MemoryOfData data)
    {
        var (nodes, edges) = (data.Nodes, data.Edges);
        double reached = Math.Min(data.TrainNodes, sampling.BatchSize > 0 ? sampling.BatchSize : SeedNodes), found = reached, drawn = 0;
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
