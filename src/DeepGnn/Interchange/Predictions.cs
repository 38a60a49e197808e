using System.Globalization;
using System.Text;
using DeepGnn.Datasets.Numpy;
using static TorchSharp.torch;

namespace DeepGnn.Interchange;

/// <summary>
/// What a model says about nodes, graphs or points: probabilities of C classes and labels, as CSV and NPY files. With one class a sample,
/// probabilities are the softmax of the scores and the largest is predicted (the first among equals); with several yes-or-no labels they are
/// sigmoids and those of at least ½ are predicted. Rows are ordered by sample in all files.
/// </summary>
/// <param name="unit">What a row is: "node", "graph", "point" …; the name of the first column.</param>
/// <param name="classes">C ≥ 1.</param>
/// <param name="multiLabel">Whether a sample has several yes-or-no labels.</param>
public sealed class Predictions(string unit, int classes, bool multiLabel)
{
    private readonly List<Row> _rows = [];

    /// <summary>Adds samples.</summary>
    /// <param name="split">Name of their split, or null.</param>
    /// <param name="samples">n indices.</param>
    /// <param name="scores">[n, C].</param>
    /// <param name="targets">[n] classes, negative where unknown, or [n, C] of 0 and 1 with several labels; null: none known.</param>
    /// <exception cref="ArgumentException">Shapes do not fit, or a class is not below C.</exception>
    public void Add(string? split, IReadOnlyList<int> samples, Tensor scores, Tensor? targets)
    {
        using var scope = NewDisposeScope();
        using var constant = no_grad();
        Need(scores, nameof(scores), [samples.Count, classes]);
        var wide = scores.to(float64);
        var probabilities = Values<float>((multiLabel ? wide.sigmoid() : wide.softmax(1)).to(float32));
        var predicted = Values<byte>((multiLabel ? wide.ge(0) : nn.functional.one_hot(wide.argmax(1), classes)).to(uint8));
        var labels = targets is null ? null : Values<byte>(Indicators(targets, samples.Count));
        for (var row = 0; row < samples.Count; row++)
        {
            var cells = (row * classes)..((row + 1) * classes);
            _rows.Add(new(samples[row], split, probabilities[cells], predicted[cells], labels?[cells]));
        }
    }

    /// <summary>
    /// Writes <c>node,split,label,predicted,p_0,…</c>, one line a sample; numbers as short as they read back exactly. An unknown label and a
    /// missing split are empty; several labels are separated by blanks. To a temporary name, to the disk, then renamed.
    /// </summary>
    public void WriteCsv(string path) => DurableFile.Write(path, file =>
    {
        using var writer = new StreamWriter(file, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true) { NewLine = "\n" };
        writer.Write($"{unit},split,label,predicted");
        for (var c = 0; c < classes; c++) { writer.Write(string.Create(CultureInfo.InvariantCulture, $",p_{c}")); }
        writer.WriteLine();
        foreach (var row in Ordered())
        {
            writer.Write(string.Create(CultureInfo.InvariantCulture, $"{row.Sample},{row.Split},{Listed(row.Labels)},{Listed(row.Predicted)}"));
            foreach (var p in row.Probabilities) { writer.Write(string.Create(CultureInfo.InvariantCulture, $",{p}")); }
            writer.WriteLine();
        }
    });

    /// <summary>Writes the probabilities as float32 [n, C].</summary>
    public void WriteProbabilities(string path) => DurableFile.Write(path, file =>
        NpyWriter.Write<float>(file, [.. Ordered().SelectMany(row => row.Probabilities)], _rows.Count, classes));

    /// <summary>Writes the predicted classes as int64 [n]; of several labels a 0 or 1 for each as uint8 [n, C].</summary>
    public void WriteLabels(string path) => DurableFile.Write(path, file =>
    {
        if (multiLabel) { NpyWriter.Write<byte>(file, [.. Ordered().SelectMany(row => row.Predicted)], _rows.Count, classes); }
        else { NpyWriter.Write<long>(file, [.. Ordered().Select(row => (long)Array.IndexOf(row.Predicted, (byte)1))], _rows.Count); }
    });

    /// <summary>Writes the indices of the samples as int64 [n].</summary>
    public void WriteSamples(string path) => DurableFile.Write(path, file =>
        NpyWriter.Write<long>(file, [.. Ordered().Select(row => (long)row.Sample)], _rows.Count));

    private IEnumerable<Row> Ordered() => _rows.OrderBy(row => row.Sample);

    // [n, C] of 0 and 1; a row of zeros where the class is unknown.
    private Tensor Indicators(Tensor targets, int count)
    {
        if (multiLabel)
        {
            Need(targets, nameof(targets), [count, classes]);
            return targets.to(uint8);
        }

        Need(targets, nameof(targets), [count]);
        var largest = count == 0 ? -1 : targets.max().to(int64).item<long>();
        if (largest >= classes) { throw new ArgumentException($"targets: found class {largest}, needed one from 0 to {classes - 1}"); }
        return targets.unsqueeze(1).eq(arange(classes, device: targets.device)).to(uint8);
    }

    private static void Need(Tensor x, string what, long[] shape)
    {
        if (!x.shape.SequenceEqual(shape))
        {
            throw new ArgumentException($"{what}: found shape [{string.Join(", ", x.shape)}], needed [{string.Join(", ", shape)}]");
        }
    }

    private static T[] Values<T>(Tensor x) where T : unmanaged => x.cpu().contiguous().data<T>().ToArray();

    private static string Listed(byte[]? indicators) => indicators is null ? "" : string.Join(' ', Enumerable.Range(0, indicators.Length)
        .Where(c => indicators[c] != 0)
        .Select(c => c.ToString(CultureInfo.InvariantCulture)));

    private sealed record Row(int Sample, string? Split, float[] Probabilities, byte[] Predicted, byte[]? Labels);
}
