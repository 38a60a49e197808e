using DeepGnn.Graphs;

namespace DeepGnn.Datasets;

/// <summary>
/// Reads a graph in METIS text (METIS manual 5.1, section 4.1): "nodes edges [format [weights]]", then a line per node with its neighbours,
/// counted from 1; lines that start with % are comments. Vertex sizes and weights and edge weights are skipped. There are no features
/// and no labels. Files ending in .bz2 or .gz are unpacked on the way.
/// </summary>
public static class MetisReader
{
    /// <exception cref="DataException">The file is cut or damaged, or its counts disagree with its header: names line, found and
    /// needed.</exception>
    public static Graph Read(string path)
    {
        var number = 0;
        Header? header = null;
        var node = 0;
        var (sources, targets) = (new List<int>(), new List<int>());
        foreach (var line in FileReading.Lines(path))
        {
            number++;
            if (line.StartsWith('%')) { continue; }
            if (header is null) { header = ParseHeader(path, number, line); continue; }
            if (node == header.Nodes)
            {
                if (line.AsSpan().Trim().Length > 0)
                {
                    throw new DataException(path, $"line {number}: found more lines, needed {header.Nodes} nodes");
                }

                continue;
            }

            ParseNeighbors(path, number, line, node++, header, sources, targets);
            if (sources.Count > 2 * header.Edges)
            {
                throw new DataException(
                    path,
                    $"line {number}: found more than {2 * header.Edges} neighbours, needed twice the {header.Edges} edges");
            }
        }

        if (header is null || node != header.Nodes)
        {
            throw new DataException(path, $"found {node} nodes, needed {header?.Nodes ?? 1}: the file is cut");
        }

        if (sources.Count != 2 * header.Edges)
        {
            throw new DataException(path, $"found {sources.Count} neighbours, needed {2 * header.Edges}: twice the edges");
        }

        return UndirectedEdges.ToGraph(path, header.Nodes, [.. sources], [.. targets]);
    }

    private static Header ParseHeader(string path, int number, string line)
    {
        var words = Words(line);
        if (words.Length is < 2 or > 4)
        {
            throw new DataException(
                path,
                $"line {number}: found {words.Length} numbers, needed nodes, edges and at most format and weights");
        }

        var format = words.Length > 2 ? words[2].PadLeft(3, '0') : "000";
        if (format.Length != 3 || format.Trim('0', '1').Length > 0)
        {
            throw new DataException(path, $"line {number}: found format {CsvReader.Shorten(words[2])}, needed three digits of 0 or 1");
        }

        var weights = words.Length > 3 ? CsvReader.Int(path, number, words[3], 0, 100) : 1;
        var skipped = (format[0] == '1' ? 1 : 0) + (format[1] == '1' ? weights : 0);
        var nodes = CsvReader.Int(path, number, words[0], 1, int.MaxValue - 1);
        return new(nodes, CsvReader.Int(path, number, words[1], 0, int.MaxValue / 2), skipped, format[2] == '1' ? 2 : 1);
    }

    private static void ParseNeighbors(string path, int number, string line, int node, Header header, List<int> sources, List<int> targets)
    {
        var words = Words(line);
        for (var k = header.Skipped; k < words.Length; k += header.Stride)
        {
            sources.Add(node);
            targets.Add(CsvReader.Int(path, number, words[k], 1, header.Nodes) - 1);
        }
    }

    private static string[] Words(string line) => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Numbers to skip at the start of a node's line, and from one neighbour to the next.</summary>
    private sealed record Header(int Nodes, int Edges, int Skipped, int Stride);
}
