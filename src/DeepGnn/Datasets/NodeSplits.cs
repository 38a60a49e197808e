namespace DeepGnn.Datasets;

/// <summary>Ways to divide labelled nodes into train, valid and test.</summary>
public static class NodeSplits
{
    /// <summary>
    /// Of each class, <paramref name="train"/> random nodes train and <paramref name="valid"/> others choose; all other labelled nodes test
    /// (Shchur et al. 2018: 20 and 30). A class with fewer than three times as many nodes gives a third of them to each, so none is empty.
    /// </summary>
    /// <param name="labels">Length N; −1 is a node without label, which no split holds.</param>
    /// <param name="classCount">C.</param>
    /// <param name="train">Nodes per class.</param>
    /// <param name="valid">Nodes per class.</param>
    /// <param name="seed">Equal seeds give equal splits on every machine.</param>
    public static NodeSplit PerClass(int[] labels, int classCount, int train, int valid, int seed)
    {
        var random = new SeededRandom(seed, stream: 1);
        var (trains, valids, tests) = (new List<int>(), new List<int>(), new List<int>());
        for (var c = 0; c < classCount; c++)
        {
            var nodes = Enumerable.Range(0, labels.Length).Where(node => labels[node] == c).ToArray();
            random.Shuffle(nodes);
            var forTrain = Math.Min(train, (nodes.Length + 2) / 3);
            var forValid = Math.Min(valid, (nodes.Length + 1 - forTrain) / 2);
            trains.AddRange(nodes[..forTrain]);
            valids.AddRange(nodes[forTrain..(forTrain + forValid)]);
            tests.AddRange(nodes[(forTrain + forValid)..]);
        }

        return new([.. trains.Order()], [.. valids.Order()], [.. tests.Order()]);
    }

    /// <summary>Splits of one mask row each, as [S, N] arrays in row-major order.</summary>
    internal static IReadOnlyList<NodeSplit> FromMasks(int splits, int nodes, bool[] train, bool[] valid, bool[] test)
    {
        return [.. Enumerable.Range(0, splits).Select(split => new NodeSplit(Where(train, split), Where(valid, split), Where(test, split)))];

        int[] Where(bool[] mask, int split) => [.. Enumerable.Range(0, nodes).Where(node => mask[(split * nodes) + node])];
    }
}
