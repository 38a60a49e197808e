using System.Text.Json;
using DeepGnn.Graphs;

namespace DeepGnn.Datasets;

/// <summary>
/// Reads the social graphs of Rozemberczki et al. (Multi-scale Attributed Node Embedding, 2021): edges as CSV of two columns, features as
/// JSON of one list of feature numbers per node, targets as CSV with a column of node numbers and one of labels.
/// </summary>
internal static class MusaeReader
{
    private const int MaxFeature = 10_000_000;

    /// <param name="IdColumn">Column of the node's number, in [0, N), in the target file.</param>
    /// <param name="LabelColumn">Column of its label.</param>
    public sealed record Columns(string IdColumn, string LabelColumn);

    /// <summary>A graph with the raw labels' texts; the caller knows the classes, as they may come from several graphs.</summary>
    public sealed record Raw(Graph Graph, List<int>[] Features, string[] Labels)
    {
        public int FeatureCount => Features.Max(list => list.Count == 0 ? 0 : list[^1]) + 1;

        public FeatureMatrix ToFeatures(int columns) => FeatureMatrix.FromColumns(columns, Features);
    }

    public static Raw Read(string edges, string features, string targets, Columns columns)
    {
        var labels = Labels(targets, columns);
        var nodes = labels.Length;
        var (sources, ends) = (new List<int>(), new List<int>());
        foreach (var (line, fields) in CsvReader.Records(edges, header => NeedTwo(edges, header)))
        {
            sources.Add(CsvReader.Int(edges, line, fields[0], 0, nodes - 1));
            ends.Add(CsvReader.Int(edges, line, fields[1], 0, nodes - 1));
        }

        return new(UndirectedEdges.ToGraph(edges, nodes, [.. sources], [.. ends]), Features(features, nodes), labels);
    }

    private static string[] Labels(string path, Columns columns)
    {
        var (id, label) = (0, 0);
        var labels = new Dictionary<int, string>();
        foreach (var (line, fields) in CsvReader.Records(path, Choose))
        {
            // Two rows of musae_FR_target.csv are there twice; that is harmless as long as they agree.
            var node = CsvReader.Int(path, line, fields[id], 0, int.MaxValue - 1);
            if (!labels.TryAdd(node, fields[label]) && labels[node] != fields[label])
            {
                throw new DataException(
                    path,
                    $"line {line}: found label {CsvReader.Shorten(fields[label])} for node {node}, needed {CsvReader.Shorten(labels[node])} as before");
            }
        }

        if (labels.Count == 0) { throw new DataException(path, "found no nodes, needed at least 1"); }
        if (labels.Keys.Max() != labels.Count - 1)
        {
            throw new DataException(path, $"found {labels.Count} nodes up to number {labels.Keys.Max()}, needed numbers without gaps");
        }

        return [.. Enumerable.Range(0, labels.Count).Select(node => labels[node])];

        void Choose(string[] header)
        {
            id = CsvReader.Column(path, header, columns.IdColumn);
            label = CsvReader.Column(path, header, columns.LabelColumn);
        }
    }

    private static List<int>[] Features(string path, int nodes)
    {
        var lists = Enumerable.Range(0, nodes).Select(_ => new List<int>()).ToArray();
        try
        {
            using var document = JsonDocument.Parse(FileReading.Bytes(path));
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new DataException(path, $"found {document.RootElement.ValueKind}, needed an object of lists by node");
            }

            foreach (var member in document.RootElement.EnumerateObject())
            {
                if (!int.TryParse(member.Name, out var node) || node < 0 || node >= nodes)
                {
                    throw new DataException(
                        path,
                        $"found features of node {CsvReader.Shorten(member.Name)}, needed a node from 0 to {nodes - 1}");
                }

                if (member.Value.ValueKind != JsonValueKind.Array)
                {
                    throw new DataException(path, $"node {node}: found {member.Value.ValueKind}, needed a list of features");
                }

                lists[node] = [.. member.Value.EnumerateArray().Select(item => Feature(path, node, item)).Distinct().Order()];
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException) // the latter for names that are no Unicode
        {
            throw new DataException(path, $"not readable as JSON: {error.Message}", error);
        }

        return lists;
    }

    private static int Feature(string path, int node, JsonElement item) =>
        item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var feature) && feature is >= 0 and < MaxFeature
            ? feature
            : throw new DataException(
                path,
                $"node {node}: found feature {CsvReader.Shorten(item.GetRawText())}, needed a whole number from 0 to {MaxFeature - 1}");

    private static void NeedTwo(string path, string[] header)
    {
        if (header.Length != 2)
        {
            throw new DataException(path, $"found the columns {string.Join(", ", header.Take(20))}, needed two: source and target");
        }
    }
}
