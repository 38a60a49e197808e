using Testing;

namespace Datasets.Tests;

/// <summary>
/// A citation set of 12 nodes in CiteSeer's files: 2 train (x), 7 known (allx), test ids 7, 8, 10 and 11 in another order, so id 9 is
/// missing as in CiteSeer. Node i has feature i mod 3 with value i + 1 and class i mod 2.
/// </summary>
internal sealed class SmallCitationSet : IDisposable
{
    private readonly TemporaryFolder _folder = TestFolders.NewTemporary();

    public Dictionary<string, byte[]> Files { get; } = [];

    public SmallCitationSet()
    {
        int[] test = [10, 7, 11, 8];
        Add("x", [0, 1]);
        Add("allx", [.. Enumerable.Range(0, 7)]);
        Add("tx", test);
        AddLabels("y", [0, 1]);
        AddLabels("ally", [.. Enumerable.Range(0, 7)]);
        AddLabels("ty", test);
        Files["test.index"] = [.. System.Text.Encoding.ASCII.GetBytes(string.Join('\n', test) + "\n")];

        // A ring without node 9, a repeat (0, 1) and a self-loop on 3.
        int[] ring = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11];
        Graph = Enumerable.Range(0, 12).ToDictionary(node => node, _ => Array.Empty<int>());
        for (var i = 0; i < ring.Length; i++) { Graph[ring[i]] = [ring[(i + 1) % ring.Length], ring[(i + ring.Length - 1) % ring.Length]]; }
        Graph[0] = [.. Graph[0], 1];
        Graph[3] = [.. Graph[3], 3];
        Files["graph"] = PickleWriter.Graph(Graph);
    }

    public Dictionary<int, int[]> Graph { get; }

    public string Folder => _folder.Path;

    public string Write()
    {
        foreach (var (part, bytes) in Files) { File.WriteAllBytes(_folder.File($"ind.citeseer.{part}"), bytes); }
        return Folder;
    }

    public void Dispose() => _folder.Dispose();

    private void Add(string part, int[] nodes) => Files[part] = PickleWriter.Matrix(
        nodes.Length, 3, [.. Enumerable.Range(0, nodes.Length + 1)], [.. nodes.Select(node => node % 3)], [.. nodes.Select(node => node + 1f)]);

    private void AddLabels(string part, int[] nodes) =>
        Files[part] = PickleWriter.Labels([.. nodes.Select(node => node % 2 == 0 ? new[] { 1, 0 } : new[] { 0, 1 })]);
}
