using System.Globalization;
using System.Text;
using DeepGnn.Datasets.Numpy;
using static TorchSharp.torch;

namespace DeepGnn.Interchange;

/// <summary>What a model says about n nodes, graphs or points and C classes: probabilities and labels, as CSV and NPY files.</summary>
public sealed class Predictions
{
    private const float Threshold = 0.5f;

    private readonly string _unit;
    private readonly int _rows;
    private readonly int _classes;
    private readonly float[] _probabilities; // [n, C]
    private readonly byte[]? _labels;        // [n, C], null: none known
    private readonly byte[] _predicted;      // [n, C]
    private readonly bool _several;

    private Predictions(string unit, Tensor probabilities, Tensor predicted, byte[]? labels, bool several)
    {
        (_unit, _several, _labels) = (unit, several, labels);
        (_rows, _classes) = (checked((int)probabilities.shape[0]), checked((int)probabilities.shape[1]));
        _probabilities = probabilities.to(float32).cpu().contiguous().data<float>().ToArray();
        _predicted = predicted.to(uint8).cpu().contiguous().data<byte>().ToArray();
        if (labels is not null && labels.Length != _predicted.Length)
        {
            throw new ArgumentException($"labels: found {labels.Length} values, needed {_rows} × {_classes}");
        }
    }

    /// <summary>One class for each row: probabilities are the softmax of the logits, the largest is predicted (the first among equals).</summary>
    /// <param name="unit">What a row is: "node", "graph" or "point".</param>
    /// <param name="logits">[n, C].</param>
    /// <param name="labels">Length n: the true class, negative where it is unknown; or null.</param>
    public static Predictions OfClasses(string unit, Tensor logits, IReadOnlyList<int>? labels)
    {
        using var scope = NewDisposeScope();
        using var constant = no_grad();
        var predicted = nn.functional.one_hot(logits.argmax(1), logits.shape[1]);
        return new(unit, logits.to(float64).softmax(1), predicted, labels is null ? null : Indicators(labels, (int)logits.shape[1]), several: false);
    }

    /// <summary>Several yes-or-no labels for each row: probabilities are the sigmoid of the logits, those of at least ½ are predicted.</summary>
    /// <param name="unit">What a row is: "node", "graph" or "point".</param>
    /// <param name="logits">[n, C].</param>
    /// <param name="labels">Length n·C in row-major order, 0 or 1; or null.</param>
    public static Predictions OfIndicators(string unit, Tensor logits, IReadOnlyList<byte>? labels)
    {
        using var scope = NewDisposeScope();
        using var constant = no_grad();
        var probabilities = logits.to(float64).sigmoid();
        return new(unit, probabilities, probabilities.ge(Threshold), labels is null ? null : [.. labels], several: true);
    }

    /// <summary>
    /// Writes <c>node,split,label,predicted,p_0,…</c>, one line a row; numbers as short as they read back exactly. An unknown label and the
    /// split of a row without one are empty; several labels are separated by blanks. To a temporary name, to the disk, then renamed.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="splitOf">Name of a row's split, or null.</param>
    public void WriteCsv(string path, Func<int, string?> splitOf) => DurableFile.Write(path, file =>
    {
        using var writer = new StreamWriter(file, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true) { NewLine = "\n" };
        writer.Write($"{_unit},split,label,predicted");
        for (var c = 0; c < _classes; c++) { writer.Write(string.Create(CultureInfo.InvariantCulture, $",p_{c}")); }
        writer.WriteLine();
        for (var row = 0; row < _rows; row++)
        {
            writer.Write(string.Create(CultureInfo.InvariantCulture, $"{row},{splitOf(row)},{Classes(_labels, row)},{Classes(_predicted, row)}"));
            foreach (var p in Row(row)) { writer.Write(string.Create(CultureInfo.InvariantCulture, $",{p}")); }
            writer.WriteLine();
        }
    });

    /// <summary>Writes the probabilities as float32 [n, C].</summary>
    public void WriteProbabilities(string path) => DurableFile.Write(path, file => NpyWriter.Write<float>(file, _probabilities, _rows, _classes));

    /// <summary>Writes the predicted classes as int64 [n]; of several labels a 0 or 1 for each as uint8 [n, C].</summary>
    public void WriteLabels(string path) => DurableFile.Write(path, file =>
    {
        if (_several) { NpyWriter.Write<byte>(file, _predicted, _rows, _classes); }
        else { NpyWriter.Write<long>(file, [.. Enumerable.Range(0, _rows).Select(row => (long)Predicted(row).IndexOf((byte)1))], _rows); }
    });

    private ReadOnlySpan<float> Row(int row) => _probabilities.AsSpan(row * _classes, _classes);

    private ReadOnlySpan<byte> Predicted(int row) => _predicted.AsSpan(row * _classes, _classes);

    private string Classes(byte[]? indicators, int row) => indicators is null ? "" : string.Join(' ', Enumerable.Range(0, _classes)
        .Where(c => indicators[(row * _classes) + c] != 0)
        .Select(c => c.ToString(CultureInfo.InvariantCulture)));

    private static byte[] Indicators(IReadOnlyList<int> labels, int classes)
    {
        var indicators = new byte[labels.Count * classes];
        for (var row = 0; row < labels.Count; row++)
        {
            if (labels[row] >= classes) { throw new ArgumentException($"label of row {row}: found {labels[row]}, needed a class from 0 to {classes - 1}"); }
            if (labels[row] >= 0) { indicators[(row * classes) + labels[row]] = 1; }
        }

        return indicators;
    }
}
