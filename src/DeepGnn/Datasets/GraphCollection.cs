using DeepGnn.Graphs;

namespace DeepGnn.Datasets;

/// <summary>Many graphs with one feature space: nodes or whole graphs are to be classified, in graphs not seen in training.</summary>
public sealed record GraphCollection
{
    /// <summary>The catalogue's name.</summary>
    public required string Name { get; init; }

    /// <summary>The graphs; all have <see cref="FeatureCount"/> features.</summary>
    public required IReadOnlyList<GraphSample> Graphs { get; init; }

    /// <summary>Features per node F.</summary>
    public required int FeatureCount { get; init; }

    /// <summary>Number of classes C, or of yes-or-no labels where nodes have several.</summary>
    public required int ClassCount { get; init; }

    /// <summary>What carries the label.</summary>
    public required GraphTarget Target { get; init; }

    /// <summary>At least one way to divide the graphs.</summary>
    public required IReadOnlyList<SampleSplit> Splits { get; init; }

    /// <summary>How the set is scored in its literature.</summary>
    public Metric Metric { get; init; } = Metric.Accuracy;
}

/// <summary>One graph of a collection. Which label is set follows from the collection's <see cref="GraphCollection.Target"/>.</summary>
/// <param name="Name">The set's own name of the graph, or its number.</param>
/// <param name="Graph">N nodes, E directed edges (an undirected edge counts twice).</param>
/// <param name="Features">Node features [N, F].</param>
public sealed record GraphSample(string Name, Graph Graph, FeatureMatrix Features)
{
    /// <summary>Class of the graph in [0, C).</summary>
    public int? Label { get; init; }

    /// <summary>Class of each node in [0, C), or −1.</summary>
    public int[]? NodeLabels { get; init; }

    /// <summary>Several labels for each node [N, C].</summary>
    public LabelMatrix? NodeTargets { get; init; }
}

/// <summary>What carries the label.</summary>
public enum GraphTarget
{
    /// <summary>The whole graph: <see cref="GraphSample.Label"/>.</summary>
    Graph,

    /// <summary>Each node, one class: <see cref="GraphSample.NodeLabels"/>.</summary>
    Node,

    /// <summary>Each node, several labels: <see cref="GraphSample.NodeTargets"/>.</summary>
    NodeMultiLabel,
}
