using System.Runtime.InteropServices;
using System.Security.Cryptography;
using DeepGnn.Datasets.PointClouds;
using DeepGnn.Graphs;

namespace DeepGnn.Datasets;

/// <summary>Tells whether two runs saw the same data, wherever their files came from.</summary>
public static class DataFingerprint
{
    /// <summary>
    /// SHA-256 in lower-case hexadecimal over edges, features, labels and one split as they were loaded: little-endian int32 and float32, each
    /// array preceded by its length.
    /// </summary>
    /// <param name="data">The set.</param>
    /// <param name="split">Which of its splits.</param>
    public static string Of(NodeDataset data, NodeSplit split)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, data.Graph, data.Features);
        Append<int>(hash, data.Labels);
        Append<byte>(hash, data.Targets?.Values ?? []);
        Append<float>(hash, data.EdgeFeatures?.Values ?? []);
        Append<int>(hash, split.Train);
        Append<int>(hash, split.Valid);
        Append<int>(hash, split.Test);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>
    /// The same over all graphs of a set (clips of a skeleton among them) in their order, each with its edges, features and labels, and one split.
    /// </summary>
    /// <param name="data">The set.</param>
    /// <param name="split">Which of its splits.</param>
    public static string Of(GraphCollection data, SampleSplit split)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var sample in data.Graphs)
        {
            Append(hash, sample.Graph, sample.Features);
            Append<int>(hash, sample.Label is { } label ? [label] : []);
            Append<int>(hash, sample.NodeLabels ?? []);
            Append<byte>(hash, sample.NodeTargets?.Values ?? []);
        }

        return Finish(hash, split);
    }

    /// <summary>The same over all clouds of a set in their order, each with its positions, features and labels, and one split.</summary>
    /// <param name="data">The set.</param>
    /// <param name="split">Which of its splits.</param>
    public static string Of(PointCloudDataset data, SampleSplit split)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var cloud in data.Clouds)
        {
            Append<float>(hash, cloud.Positions);
            Append<float>(hash, cloud.Features.Values);
            Append<int>(hash, cloud.PointLabels ?? []);
            Append<int>(hash, cloud.Label is { } label ? [label] : []);
        }

        return Finish(hash, split);
    }

    private static string Finish(IncrementalHash hash, SampleSplit split)
    {
        Append<int>(hash, split.Train);
        Append<int>(hash, split.Valid);
        Append<int>(hash, split.Test);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Append(IncrementalHash hash, Graph graph, FeatureMatrix features)
    {
        Append<int>(hash, graph.Sources);
        Append<int>(hash, graph.Targets);
        Append<int>(hash, features.Offsets);
        AppendColumns(hash, features);
        Append<float>(hash, features.Values);
    }

    // Columns of a complete matrix are the same in each row: they need not be made.
    private static void AppendColumns(IncrementalHash hash, FeatureMatrix features)
    {
        if (!features.IsComplete)
        {
            Append<int>(hash, features.Columns);
            return;
        }

        hash.AppendData(BitConverter.GetBytes(features.Values.Length));
        int[] row = [.. Enumerable.Range(0, features.ColumnCount)];
        for (var i = 0; i < features.RowCount; i++) { hash.AppendData(MemoryMarshal.AsBytes<int>(row)); }
    }

    private static void Append<T>(IncrementalHash hash, ReadOnlySpan<T> values) where T : unmanaged
    {
        hash.AppendData(BitConverter.GetBytes(values.Length));
        hash.AppendData(MemoryMarshal.AsBytes(values));
    }
}
