using DeepGnn.Graphs;

namespace DeepGnn.Datasets;

/// <summary>A graph whose nodes are to be classified.</summary>
public sealed record NodeDataset
{
    /// <summary>The catalogue's name.</summary>
    public required string Name { get; init; }

    /// <summary>N nodes, E directed edges (an undirected edge counts twice), no self-loops added.</summary>
    public required Graph Graph { get; init; }

    /// <summary>Node features [N, F].</summary>
    public required FeatureMatrix Features { get; init; }

    /// <summary>Length N: the class of each node in [0, <see cref="ClassCount"/>), or −1 for a node without label.</summary>
    public required int[] Labels { get; init; }

    /// <summary>Number of classes C.</summary>
    public required int ClassCount { get; init; }

    /// <summary>At least one way to divide the labelled nodes.</summary>
    public required IReadOnlyList<NodeSplit> Splits { get; init; }

    /// <summary>Several yes-or-no labels for each node [N, C], where the set has them; <see cref="Labels"/> is empty then.</summary>
    public LabelMatrix? Targets { get; init; }

    /// <summary>Features of each edge [E, K] in the order of <see cref="Graph"/>'s edges; null for most sets.</summary>
    public DenseMatrix? EdgeFeatures { get; init; }

    /// <summary>How the set is scored in its literature: accuracy, or area under the ROC curve for a binary set.</summary>
    public Metric Metric { get; init; } = Metric.Accuracy;
}

/// <summary>Node indices of the three splits; no node is in two of them.</summary>
/// <param name="Train">Nodes whose labels train the model.</param>
/// <param name="Valid">Nodes that choose the epoch.</param>
/// <param name="Test">Nodes that are only reported.</param>
public sealed record NodeSplit(int[] Train, int[] Valid, int[] Test);

/// <summary>How predictions are scored.</summary>
public enum Metric
{
    /// <summary>Share of nodes whose most probable class is the label.</summary>
    Accuracy,

    /// <summary>
    /// Area under the receiver operating characteristic of class 1 of 2, or the mean of it over several yes-or-no labels.
    /// </summary>
    RocAuc,

    /// <summary>Micro-averaged F1 over several yes-or-no labels.</summary>
    MicroF1,
}

/// <summary>Names of <see cref="Metric"/> in specs and events.</summary>
public static class MetricNames
{
    /// <summary>The name of <see cref="Contracts.Metrics"/>.</summary>
    public static string Name(this Metric metric) => metric switch
    {
        Metric.RocAuc => Contracts.Metrics.RocAuc,
        Metric.MicroF1 => Contracts.Metrics.MicroF1,
        _ => Contracts.Metrics.Accuracy,
    };
}

/// <summary>A data set that cannot be used: the message names file, record, what was found and what was needed.</summary>
public sealed class DataException : Exception
{
    /// <summary>Makes the message "<paramref name="file"/>: <paramref name="message"/>".</summary>
    public DataException(string file, string message) : base($"{file}: {message}") { }

    /// <summary>The same with the error below it.</summary>
    public DataException(string file, string message, Exception inner) : base($"{file}: {message}", inner) { }
}
