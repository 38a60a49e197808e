using System.Runtime.InteropServices;
using System.Security.Cryptography;

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
        Append<int>(hash, data.Graph.Sources);
        Append<int>(hash, data.Graph.Targets);
        Append<int>(hash, data.Features.Offsets);
        Append<int>(hash, data.Features.Columns);
        Append<float>(hash, data.Features.Values);
        Append<int>(hash, data.Labels);
        Append<byte>(hash, data.Targets?.Values ?? []);
        Append<float>(hash, data.EdgeFeatures?.Values ?? []);
        Append<int>(hash, split.Train);
        Append<int>(hash, split.Valid);
        Append<int>(hash, split.Test);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Append<T>(IncrementalHash hash, ReadOnlySpan<T> values) where T : unmanaged
    {
        hash.AppendData(BitConverter.GetBytes(values.Length));
        hash.AppendData(MemoryMarshal.AsBytes(values));
    }
}
