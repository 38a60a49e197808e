using System.Buffers.Binary;
using System.Text;

namespace Datasets.Tests;

/// <summary>Writes pickles as Python 2's cPickle (protocol 2) and NumPy did for the citation sets.</summary>
internal sealed class PickleWriter
{
    private readonly List<byte> _bytes = [];

    public PickleWriter() => Raw(0x80, 2);

    public static byte[] Matrix(int rows, int columns, int[] indptr, int[] indices, float[] data) =>
        new PickleWriter().Csr(rows, columns, indptr, indices, data).End();

    public static byte[] Labels(int[][] oneHot) =>
        new PickleWriter().Array("i4", [oneHot.Length, oneHot[0].Length], Bytes(oneHot.SelectMany(row => row).ToArray())).End();

    public static byte[] Graph(Dictionary<int, int[]> neighbors)
    {
        var writer = new PickleWriter().Global("collections", "defaultdict").Global("__builtin__", "list").Raw(0x85, (byte)'R', (byte)'(');
        foreach (var (node, list) in neighbors)
        {
            writer.Int(node).Raw((byte)']', (byte)'(');
            foreach (var neighbor in list) { writer.Int(neighbor); }
            writer.Raw((byte)'e');
        }

        return writer.Raw((byte)'u').End();
    }

    public PickleWriter Csr(int rows, int columns, int[] indptr, int[] indices, float[] data)
    {
        Global("scipy.sparse.csr", "csr_matrix").Raw((byte)')', 0x81, (byte)'}', (byte)'(');
        Text("_shape").Int(rows).Int(columns).Raw(0x86);
        Text("indptr").Array("i4", [indptr.Length], Bytes(indptr));
        Text("indices").Array("i4", [indices.Length], Bytes(indices));
        Text("data").Array("f4", [data.Length], Bytes(data));
        return Raw((byte)'u', (byte)'b');
    }

    public PickleWriter Array(string type, int[] shape, byte[] content)
    {
        Global("numpy.core.multiarray", "_reconstruct").Global("numpy", "ndarray").Int(0).Raw(0x85).Text("b").Raw(0x87, (byte)'R', (byte)'(').Int(1);
        Raw((byte)'(');
        foreach (var length in shape) { Int(length); }
        Raw((byte)'t').Global("numpy", "dtype").Text(type).Int(0).Int(1).Raw(0x87, (byte)'R', (byte)'(').Int(3).Text("<");
        Raw((byte)'N', (byte)'N', (byte)'N').Int(-1).Int(-1).Int(0).Raw((byte)'t', (byte)'b', 0x89);
        return String(content).Raw((byte)'t', (byte)'b');
    }

    public PickleWriter Global(string module, string name) => Raw([(byte)'c', .. Encoding.ASCII.GetBytes($"{module}\n{name}\n")]);

    public PickleWriter Text(string text) => Raw([(byte)'U', (byte)text.Length, .. Encoding.Latin1.GetBytes(text)]);

    public PickleWriter String(byte[] content) => Raw([(byte)'T', .. Bytes([content.Length]), .. content]);

    public PickleWriter Int(int value) => Raw([(byte)'J', .. Bytes([value])]);

    public PickleWriter Raw(params byte[] bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public byte[] End() => Raw((byte)'.')._bytes.ToArray();

    private static byte[] Bytes(int[] values)
    {
        var bytes = new byte[values.Length * 4];
        for (var i = 0; i < values.Length; i++) { BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4 * i), values[i]); }
        return bytes;
    }

    private static byte[] Bytes(float[] values) => Bytes(System.Array.ConvertAll(values, BitConverter.SingleToInt32Bits));
}
