using System.Runtime.InteropServices;
using System.Security.Cryptography;
using DeepGnn.Datasets;
using DeepGnn.Graphs;

namespace Bench;

/// <summary>
/// The fixed graph of the training rows, by formula, so that any language makes the same one: 20,000 nodes, 400,000 directed edges, 128
/// features, 10 classes. Hashes of edges, features and labels are checked.
/// </summary>
internal static class BenchGraph
{
    public const int Nodes = 20_000;
    public const int Features = 128;
    public const int Classes = 10;
    private const int UndirectedEdges = 200_000;

    public static NodeDataset Make()
    {
        var (sources, targets) = Edges();
        var x = X();
        var labels = Enumerable.Range(0, Nodes).Select(i => i % Classes).ToArray();
        Check("edges", [.. sources, .. targets], "0396dffbfc96472923030752500a79d438f313260b3c44bf839b83017dd009b9");
        Check("features", x, "74d10fbf9a051d696b77a9a1831a2c22684919d11fb289461d0c267f6ecce1fd");
        Check("labels", labels, "274a257791100b97be46dfc8286ae7c0b9e9dbba5a4f463bdfae93018daaaba0");
        int[] Part(Func<int, bool> of) => [.. Enumerable.Range(0, Nodes).Where(i => of(i / 10 % 10))];
        return new()
        {
            Name = "bench",
            Graph = new Graph(Nodes, sources, targets),
            Features = FeatureMatrix.FromDense(Nodes, Features, x),
            Labels = labels,
            ClassCount = Classes,
            Splits = [new(Part(p => p < 6), Part(p => p is 6 or 7), Part(p => p >= 8))],
        };
    }

    /// <summary>Points [count, dimensions] of a cloud, row by row.</summary>
    public static float[] Points(int seed, int count, int dimensions) =>
        [.. Enumerable.Range(0, count * dimensions).Select(k => (float)R((ulong)(100 + seed), (ulong)k))];

    private static (int[] Sources, int[] Targets) Edges()
    {
        var (sources, targets) = (new int[2 * UndirectedEdges], new int[2 * UndirectedEdges]);
        var kept = new HashSet<(int, int)>();
        for (ulong t = 0; kept.Count < UndirectedEdges; t++)
        {
            var (r1, r2, r3) = (R(1, 3 * t), R(1, (3 * t) + 1), R(1, (3 * t) + 2));
            var u = (int)Math.Floor(Nodes * r1 * r1);
            var v = (int)Math.Floor(Nodes * r2 * r2);
            var w = v - (v % Classes) + (u % Classes);
            if (r3 < 0.8 && w < Nodes) { v = w; }
            if (u == v || !kept.Add((Math.Min(u, v), Math.Max(u, v)))) { continue; }
            var e = kept.Count - 1;
            (sources[e], targets[e]) = (u, v);
            (sources[e + UndirectedEdges], targets[e + UndirectedEdges]) = (v, u);
        }

        return (sources, targets);
    }

    private static float[] X()
    {
        var means = Enumerable.Range(0, Classes * Features).Select(k => Bell(2, (ulong)k)).ToArray();
        var x = new float[Nodes * Features];
        for (var k = 0; k < x.Length; k++)
        {
            x[k] = (float)((0.5 * means[(k / Features % Classes * Features) + (k % Features)]) + Bell(3, (ulong)k));
        }

        return x;
    }

    private static double Bell(ulong stream, ulong i) =>
        (R(stream, 4 * i) + R(stream, (4 * i) + 1) + R(stream, (4 * i) + 2) + R(stream, (4 * i) + 3) - 2.0) * 1.7320508075688772;

    // SplitMix64.
    private static double R(ulong stream, ulong k)
    {
        var z = unchecked((stream << 40) + ((k + 1) * 0x9E3779B97F4A7C15));
        z ^= z >> 30;
        z = unchecked(z * 0xBF58476D1CE4E5B9);
        z ^= z >> 27;
        z = unchecked(z * 0x94D049BB133111EB);
        z ^= z >> 31;
        return (z >> 11) * (1.0 / (1UL << 53));
    }

    private static void Check<T>(string what, T[] values, string expected) where T : struct
    {
        var found = Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(values.AsSpan())));
        if (found != expected) { throw new InvalidOperationException($"{what} of the bench graph: found sha256 {found}, needed {expected}"); }
    }
}
