using System.Text.Json;
using DeepGnn.Datasets.Numpy;

namespace DeepGnn.Datasets;

/// <summary>
/// Reads protein-protein interactions (Hamilton et al. 2017) as PyG and DGL have them, for each of train, valid and test:
/// <c>SPLIT_graph.json</c> (node-link JSON: "nodes" with "id" 0 to N − 1, "links" with "source" and "target"), <c>SPLIT_graph_id.npy</c>
/// [N] (which
/// graph a node belongs to), <c>SPLIT_feats.npy</c> [N, 50], <c>SPLIT_labels.npy</c> [N, 121]. Graphs become undirected, without repeats or
/// self-loops. Scored by micro-F1.
/// </summary>
internal static class PpiReader
{
    /// <param name="name">The catalogue's name.</param>
    /// <param name="files">Paths of graph, graph_id, feats, labels of train, then valid, then test.</param>
    public static GraphCollection Read(string name, IReadOnlyList<string> files)
    {
        var graphs = new List<GraphSample>();
        var parts = new List<int[]>();
        foreach (var four in files.Chunk(4))
        {
            var first = graphs.Count;
            graphs.AddRange(ReadPart(four[0], four[1], four[2], four[3]));
            parts.Add([.. Enumerable.Range(first, graphs.Count - first)]);
        }

        return new()
        {
            Name = name,
            Graphs = graphs,
            FeatureCount = graphs[0].Features.ColumnCount,
            ClassCount = graphs[0].NodeTargets!.ColumnCount,
            Target = GraphTarget.NodeMultiLabel,
            Splits = [new(parts[0], parts[1], parts[2])],
            Metric = Metric.MicroF1,
        };
    }

    private static IEnumerable<GraphSample> ReadPart(string graphFile, string idFile, string featureFile, string labelFile)
    {
        var graphOf = NpyReader.ReadFile(idFile).NeedRank(1).ToInts("graph of node", 0);
        var features = NpyReader.ReadFile(featureFile).NeedRank(2);
        var labels = NpyReader.ReadFile(labelFile).NeedRank(2);
        var nodes = graphOf.Length;
        NeedEqual(featureFile, "rows", features.Shape[0], nodes);
        NeedEqual(labelFile, "rows", labels.Shape[0], nodes);

        var position = new int[nodes];
        var members = new SortedDictionary<int, List<int>>();
        for (var i = 0; i < nodes; i++)
        {
            if (!members.TryGetValue(graphOf[i], out var list)) { members[graphOf[i]] = list = []; }
            position[i] = list.Count;
            list.Add(i);
        }

        var edges = members.ToDictionary(pair => pair.Key, _ => (Sources: new List<int>(), Targets: new List<int>()));
        foreach (var (source, target) in Links(graphFile, nodes))
        {
            if (graphOf[source] != graphOf[target])
            {
                throw new DataException(
                    graphFile,
                    $"link {source} to {target}: found nodes of graphs {graphOf[source]} and {graphOf[target]}, needed one graph");
            }

            edges[graphOf[source]].Sources.Add(position[source]);
            edges[graphOf[source]].Targets.Add(position[target]);
        }

        var (values, hot) = (features.ToFloats("feature"), labels.ToInts("label", 0, 1));
        foreach (var (id, own) in members)
        {
            var graph = UndirectedEdges.ToGraph($"{graphFile}: graph {id}", own.Count, [.. edges[id].Sources], [.. edges[id].Targets]);
            yield return new($"{id}", graph, FeatureMatrix.FromDense(own.Count, features.Shape[1], Rows(values, features.Shape[1], own)))
            {
                NodeTargets = new(own.Count, labels.Shape[1], Array.ConvertAll(Rows(hot, labels.Shape[1], own), value => (byte)value)),
            };
        }
    }

    private static List<(int Source, int Target)> Links(string path, int nodes)
    {
        try
        {
            using var document = JsonDocument.Parse(FileReading.Bytes(path));
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("nodes", out var list) || list.ValueKind != JsonValueKind.Array
                || !root.TryGetProperty("links", out var links) || links.ValueKind != JsonValueKind.Array)
            {
                throw new DataException(path, "found no node-link graph, needed an object with the lists \"nodes\" and \"links\"");
            }

            NeedEqual(path, "nodes", list.GetArrayLength(), nodes);
            return [.. links.EnumerateArray().Select((link, number) => (End(path, number, link, "source", nodes), End(path, number, link, "target", nodes)))];
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException) // the latter for names that are no Unicode
        {
            throw new DataException(path, $"not readable as JSON: {error.Message}", error);
        }
    }

    private static int End(string path, int number, JsonElement link, string name, int nodes) =>
        link.ValueKind == JsonValueKind.Object && link.TryGetProperty(name, out var end)
            && end.ValueKind == JsonValueKind.Number && end.TryGetInt32(out var node) && node >= 0 && node < nodes
            ? node
            : throw new DataException(path, $"link {number}: found {CsvReader.Shorten(link.GetRawText())}, needed a {name} from 0 to {nodes - 1}");

    private static T[] Rows<T>(T[] values, int columns, List<int> rows)
    {
        var picked = new T[rows.Count * columns];
        for (var i = 0; i < rows.Count; i++) { values.AsSpan(rows[i] * columns, columns).CopyTo(picked.AsSpan(i * columns)); }
        return picked;
    }

    private static void NeedEqual(string file, string what, int found, int needed)
    {
        if (found != needed) { throw new DataException(file, $"found {found} {what}, needed {needed}"); }
    }
}
