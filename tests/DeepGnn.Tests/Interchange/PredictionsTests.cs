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
    public void Classes_come_as_one_line_a_node_in_the_order_of_nodes()
    {
        using var scope = NewDisposeScope();
        var path = _folder.File("predictions.csv");
        var predictions = new Predictions("node", classes: 2, multiLabel: false);

        predictions.Add("test", [7, 2], tensor(new[] { 0f, MathF.Log(3), 200f, -200f }, [2, 2]), tensor(new long[] { 0, -1 }));
        predictions.Add("train", [4], zeros(1, 2), tensor(new long[] { 1 }));
        predictions.Add(null, [10], zeros(1, 2), null);
        predictions.WriteCsv(path);

        Assert.Equal("node,split,label,predicted,p_0,p_1\n2,test,,0,1,0\n4,train,1,0,0.5,0.5\n7,test,0,1,0.25,0.75\n10,,,0,0.5,0.5\n", File.ReadAllText(path));
    }

    [Fact]
    public void Several_labels_are_separated_by_blanks()
    {
        using var scope = NewDisposeScope();
        var (path, labels) = (_folder.File("predictions.csv"), _folder.File("labels.npy"));
        var predictions = new Predictions("graph", classes: 3, multiLabel: true);

        var scores = tensor(new[] { 0f, MathF.Log(3), -200f, -200f, -200f, -200f }, [2, 3]);
        predictions.Add("valid", [0, 1], scores, tensor(new[] { 0f, 1f, 1f, 0f, 0f, 0f }, [2, 3]));
        predictions.WriteCsv(path);
        predictions.WriteLabels(labels);

        Assert.Equal("graph,split,label,predicted,p_0,p_1,p_2\n0,valid,1 2,0 1,0.5,0.75,0\n1,valid,,,0,0,0\n", File.ReadAllText(path));
        var read = NpyReader.ReadFile(labels);
        Assert.Equal([2, 3], read.Shape);
        Assert.Equal([1, 1, 0, 0, 0, 0], read.ToInts("label"));
    }

    [Fact]
    public void Probabilities_labels_and_samples_are_numpy_arrays_in_the_same_order()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        var scores = randn(5, 4);
        var (probabilities, labels, samples) = (_folder.File("predictions.npy"), _folder.File("labels.npy"), _folder.File("samples.npy"));
        var predictions = new Predictions("point", classes: 4, multiLabel: false);

        predictions.Add("train", [0, 1, 3, 4, 9], scores, null);
        predictions.WriteProbabilities(probabilities);
        predictions.WriteLabels(labels);
        predictions.WriteSamples(samples);

        var read = NpyReader.ReadFile(probabilities);
        Assert.Equal([5, 4], read.Shape);
        Assert.Equal(scores.to(float64).softmax(1).to(float32).data<float>().ToArray(), read.ToFloats("probability"));
        Assert.Equal(scores.argmax(1).data<long>().Select(label => (int)label), NpyReader.ReadFile(labels).ToInts("label"));
        Assert.Equal([0, 1, 3, 4, 9], NpyReader.ReadFile(samples).ToInts("sample"));
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
    public void What_does_not_fit_is_refused_and_adds_nothing()
    {
        using var scope = NewDisposeScope();
        var predictions = new Predictions("node", classes: 3, multiLabel: false);

        var label = Assert.Throws<ArgumentException>(() => predictions.Add("test", [0, 1], zeros(2, 3), tensor(new long[] { 0, 3 })));
        var shape = Assert.Throws<ArgumentException>(() => predictions.Add("test", [0, 1], zeros(2, 4), null));
        predictions.WriteCsv(_folder.File("empty.csv"));

        Assert.Contains("found class 3, needed one from 0 to 2", label.Message);
        Assert.Contains("found shape [2, 4], needed [2, 3]", shape.Message);
        Assert.Equal("node,split,label,predicted,p_0,p_1,p_2\n", File.ReadAllText(_folder.File("empty.csv")));
    }
}
