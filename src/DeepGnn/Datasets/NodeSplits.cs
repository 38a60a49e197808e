using System.Globalization;

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
        var byClass = Enumerable.Range(0, labels.Length).ToLookup(node => labels[node]);
        var (trains, valids, tests) = (new List<int>(), new List<int>(), new List<int>());
        for (var c = 0; c < classCount; c++)
        {
            var nodes = byClass[c].ToArray();
            random.Shuffle(nodes);
            var forTrain = Math.Min(train, (nodes.Length + 2) / 3);
            var forValid = Math.Min(valid, (nodes.Length + 1 - forTrain) / 2);
            trains.AddRange(nodes[..forTrain]);
            valids.AddRange(nodes[forTrain..(forTrain + forValid)]);
            tests.AddRange(nodes[(forTrain + forValid)..]);
        }

        return new([.. trains.Order()], [.. valids.Order()], [.. tests.Order()]);
    }

    /// <summary>
    /// A random share of all labelled nodes trains, another chooses, the rest tests; none is empty where there are three nodes.
    /// </summary>
    /// <param name="labels">Length N; −1 is a node without label, which no split holds.</param>
    /// <param name="train">Share in (0, 1).</param>
    /// <param name="valid">Share in (0, 1 − train).</param>
    /// <param name="seed">Equal seeds give equal splits on every machine.</param>
    public static NodeSplit Random(int[] labels, double train, double valid, int seed)
    {
        if (!(train > 0 && valid > 0 && train + valid < 1))
        {
            var found = string.Create(CultureInfo.InvariantCulture, $"found shares {train} and {valid}");
            throw new ArgumentException($"{found}, needed two above 0 with a sum below 1");
        }

        var nodes = Enumerable.Range(0, labels.Length).Where(node => labels[node] >= 0).ToArray();
        new SeededRandom(seed, stream: 4).Shuffle(nodes);
        var forTrain = Math.Max(1, (int)(train * nodes.Length));
        var forValid = Math.Max(1, (int)(valid * nodes.Length));
        return new([.. nodes.Take(forTrain).Order()], [.. nodes.Skip(forTrain).Take(forValid).Order()], [.. nodes.Skip(forTrain + forValid).Order()]);
    }

    /// <summary>
    /// Deals samples into folds so that each fold has nearly the same share of every class (stratified cross-validation).
    /// </summary>
    /// <param name="labels">Class of each sample.</param>
    /// <param name="folds">Number of folds K ≥ 2.</param>
    /// <param name="seed">Equal seeds give equal folds on every machine.</param>
    /// <returns>K sets of samples, in rising order; together all of them.</returns>
    public static IReadOnlyList<int[]> Folds(int[] labels, int folds, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(folds, 2);
        var dealt = Enumerable.Range(0, folds).Select(_ => new List<int>()).ToArray();
        var random = new SeededRandom(seed, stream: 5);
        var next = 0;
        foreach (var label in labels.Distinct().Order())
        {
            var samples = Enumerable.Range(0, labels.Length).Where(i => labels[i] == label).ToArray();
            random.Shuffle(samples);
            foreach (var sample in samples) { dealt[next++ % folds].Add(sample); }
        }

        return [.. dealt.Select(fold => fold.Order().ToArray())];
    }

    /// <summary>Splits of one mask row each, as [S, N] arrays in row-major order.</summary>
    internal static IReadOnlyList<NodeSplit> FromMasks(int splits, int nodes, bool[] train, bool[] valid, bool[] test)
    {
        return [.. Enumerable.Range(0, splits).Select(split => new NodeSplit(Where(train, split), Where(valid, split), Where(test, split)))];

        int[] Where(bool[] mask, int split) => [.. Enumerable.Range(0, nodes).Where(node => mask[(split * nodes) + node])];
    }
}
