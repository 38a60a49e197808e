using System.Text;
using DeepGnn.Datasets.Numpy;
using DeepGnn.Interchange;
using Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Interchange;

public sealed class PredictionsTests : IDisposable
{
    private readonly TemporaryFolder _folder = TestFolders.NewTemporary();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Classes_come_as_one_line_a_node()
    {
        using var scope = NewDisposeScope();
        var logits = tensor(new[] { 0f, 0f, 0f, MathF.Log(3), 200f, -200f }, [3, 2]);
        var path = _folder.File("predictions.csv");

        Predictions.OfClasses("node", logits, [1, 0, -1]).WriteCsv(path, row => row == 0 ? "train" : row == 1 ? "test" : null);

        Assert.Equal("node,split,label,predicted,p_0,p_1\n0,train,1,0,0.5,0.5\n1,test,0,1,0.25,0.75\n2,,,0,1,0\n", File.ReadAllText(path));
    }

    [Fact]
    public void Several_labels_are_separated_by_blanks()
    {
        using var scope = NewDisposeScope();
        var logits = tensor(new[] { 0f, MathF.Log(3), -200f, -200f, -200f, -200f }, [2, 3]);
        var path = _folder.File("predictions.csv");

        Predictions.OfIndicators("graph", logits, [0, 1, 1, 0, 0, 0]).WriteCsv(path, _ => "valid");

        Assert.Equal("graph,split,label,predicted,p_0,p_1,p_2\n0,valid,1 2,0 1,0.5,0.75,0\n1,valid,,,0,0,0\n", File.ReadAllText(path));
    }

    [Fact]
    public void Probabilities_and_labels_are_numpy_arrays()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        var logits = randn(5, 4);
        var (probabilities, labels) = (_folder.File("predictions.npy"), _folder.File("predicted.npy"));

        var predictions = Predictions.OfClasses("point", logits, null);
        predictions.WriteProbabilities(probabilities);
        predictions.WriteLabels(labels);

        var read = NpyReader.ReadFile(probabilities);
        Assert.Equal([5, 4], read.Shape);
        Assert.Equal(logits.to(float64).softmax(1).to(float32).data<float>().ToArray(), read.ToFloats("probability"));
        Assert.Equal(logits.argmax(1).data<long>().Select(label => (int)label), NpyReader.ReadFile(labels).ToInts("label"));
    }

    [Fact]
    public void Array_file_has_the_bytes_of_the_format()
    {
        using var stream = new MemoryStream();

        NpyWriter.Write<float>(stream, [1f, -2f], 2, 1);

        const string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }";
        byte[] expected =
        [
            0x93, .. "NUMPY"u8, 1, 0, 118, 0, .. Encoding.ASCII.GetBytes(header.PadRight(117) + "\n"),
            0x00, 0x00, 0x80, 0x3f, 0x00, 0x00, 0x00, 0xc0,
        ];
        Assert.Equal(expected, stream.ToArray());
    }

    [Fact]
    public void Array_of_every_length_of_header_is_aligned_and_read_back()
    {
        for (var digits = 1; digits <= 7; digits++)
        {
            using var stream = new MemoryStream();
            var length = (int)Math.Pow(10, digits - 1);
            NpyWriter.Write<byte>(stream, new byte[length], length);

            Assert.Equal(0, (stream.Length - length) % 64);
            Assert.Equal([length], NpyReader.Read("array", stream.ToArray()).Shape);
        }
    }

    [Fact]
    public void Label_outside_the_classes_is_refused()
    {
        using var scope = NewDisposeScope();
        var refused = Assert.Throws<ArgumentException>(() => Predictions.OfClasses("node", zeros(2, 3), [0, 3]));
        Assert.Contains("label of row 1: found 3, needed a class from 0 to 2", refused.Message);
    }
}
