namespace DeepGnn.Datasets;

/// <summary>
/// Reads sets of labelled graphs in one text file, as the Deep Graph CNN and Graph Isomorphism Network papers keep the TU sets: the
/// number of graphs; then for each graph "nodes label" and for each node "tag degree neighbours… attributes…". Features are the
/// attributes, if any, then the tag one-hot, tags in rising order. Graphs become undirected, without repeats or self-loops.
/// Folds are read from <c>10fold_idx/test_idx-K.txt</c> beside the file, else dealt by seed 0: split k tests fold k, chooses on fold k + 1
/// (mod the number of folds) and trains on the rest, so that the test fold never chooses (Errica et al., ICLR 2020).
/// </summary>
internal static class TuGraphReader
{
    public const int FoldCount = 10;

    public static GraphCollection Read(string name, string path)
    {
        using var lines = FileReading.Lines(path).GetEnumerator();
        var number = 0;
        var count = Next()[0];
        if (count < 1) { throw new DataException(path, $"line 1: found {count} graphs, needed at least 1"); }

        var raw = new List<RawGraph>();
        for (var g = 0; g < count; g++)
        {
            var head = Next();
            if (head.Length != 2 || head[0] < 1)
            {
                throw new DataException(path, $"line {number}: found {head.Length} numbers, needed two: nodes, at least 1, and label");
            }

            raw.Add(ReadGraph(path, head[1], head[0], NextWords, () => number));
        }

        if (lines.MoveNext() && lines.Current.Length > 0)
        {
            throw new DataException(path, $"line {number + 1}: found more lines, needed none after {count} graphs");
        }

        return TuGraphs.ToCollection(name, path, raw);

        int[] Next() => Array.ConvertAll(NextWords(), word => CsvReader.Int(path, number, word, int.MinValue, int.MaxValue));

        string[] NextWords()
        {
            number++;
            if (!lines.MoveNext()) { throw new DataException(path, $"line {number}: found the end of the file: it is cut"); }

            var words = lines.Current.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return words.Length > 0 ? words : throw new DataException(path, $"line {number}: found an empty line, needed numbers");
        }
    }

    private static RawGraph ReadGraph(string path, int label, int nodes, Func<string[]> nextWords, Func<int> line)
    {
        var (sources, targets, tags, attributes) = (new List<int>(), new List<int>(), new List<int>(), new List<float[]>());
        for (var i = 0; i < nodes; i++)
        {
            var words = nextWords();
            if (words.Length < 2)
            {
                throw new DataException(path, $"line {line()}: found {words.Length} numbers, needed tag, degree and neighbours");
            }

            tags.Add(CsvReader.Int(path, line(), words[0], int.MinValue, int.MaxValue));
            var degree = CsvReader.Int(path, line(), words[1], 0, words.Length - 2);
            for (var k = 2; k < 2 + degree; k++)
            {
                sources.Add(i);
                targets.Add(CsvReader.Int(path, line(), words[k], 0, nodes - 1));
            }

            attributes.Add(Array.ConvertAll(words[(2 + degree)..], word => CsvReader.Float(path, line(), word)));
        }

        return new(label, UndirectedEdges.ToGraph(path, nodes, [.. sources], [.. targets]), tags, attributes);
    }
}
