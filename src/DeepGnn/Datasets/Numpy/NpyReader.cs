using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace DeepGnn.Datasets.Numpy;

/// <summary>
/// Reads a <c>.npy</c> array, format versions 1 to 3. Arrays of Python objects are pickles; they go through <see cref="PickleReader"/>,
/// which runs nothing.
/// </summary>
internal static partial class NpyReader
{
    private const int MaxHeaderBytes = 65_536;

    public static NumpyArray ReadFile(string path)
    {
        var length = FileReading.Length(path);
        if (length > Array.MaxLength) { throw new DataException(path, $"found {length} bytes, needed at most {Array.MaxLength}"); }
        return Read(path, FileReading.Bytes(path));
    }

    /// <param name="place">File and member, for messages.</param>
    /// <param name="bytes">The whole array file.</param>
    public static NumpyArray Read(string place, ReadOnlyMemory<byte> bytes)
    {
        var (header, body) = SplitHeader(place, bytes);
        var type = NumpyType.Parse(place, Field(place, header, Descriptor(), "descr"));
        var fortran = Field(place, header, FortranOrder(), "fortran_order") == "True";
        var shape = ParseShape(place, Field(place, header, ShapeTuple(), "shape"));
        if (type.Kind != 'O') { return new(place, type, shape, fortran, body); }

        return PickleReader.Read(place, body) is NumpyArray { Objects: not null } array
            ? array
            : throw new DataException(place, "found another pickled thing than an object array, needed the array that the header announces");
    }

    private static (string Header, ReadOnlyMemory<byte> Body) SplitHeader(string place, ReadOnlyMemory<byte> bytes)
    {
        var span = bytes.Span;
        if (span.Length < 12 || !span[..6].SequenceEqual(Magic))
        {
            throw new DataException(place, "found no NumPy array at the start of the file, needed the bytes 0x93 NUMPY");
        }

        var version = span[6];
        if (version is < 1 or > 3) { throw new DataException(place, $"found .npy format version {version}, needed 1, 2 or 3"); }

        var start = version == 1 ? 10 : 12;
        var length = version == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(span[8..]) : BinaryPrimitives.ReadUInt32LittleEndian(span[8..]);
        if (length > MaxHeaderBytes || length > span.Length - start)
        {
            throw new DataException(
                place,
                $"found a header of {length} bytes, needed at most {Math.Min(MaxHeaderBytes, span.Length - start)}: the file is cut or damaged");
        }

        return (Encoding.UTF8.GetString(span.Slice(start, (int)length)), bytes[(start + (int)length)..]);
    }

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    private static string Field(string place, string header, Regex pattern, string name) => pattern.Match(header) is { Success: true } match
        ? match.Groups[1].Value
        : throw new DataException(place, $"found no usable \"{name}\" in the array's header, needed a plain array (no records)");

    private static int[] ParseShape(string place, string text)
    {
        var parts = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (parts.Length > 8) { throw new DataException(place, $"found {parts.Length} dimensions, needed at most 8"); }

        var shape = new int[parts.Length];
        for (var d = 0; d < parts.Length; d++)
        {
            if (!int.TryParse(parts[d], NumberStyles.None, CultureInfo.InvariantCulture, out shape[d]))
            {
                throw new DataException(place, $"found a length of {parts[d]}, needed at most {int.MaxValue}");
            }
        }

        return shape;
    }

    [GeneratedRegex("""'descr'\s*:\s*'([^']{1,64})'""")]
    private static partial Regex Descriptor();

    [GeneratedRegex("""'fortran_order'\s*:\s*(True|False)""")]
    private static partial Regex FortranOrder();

    [GeneratedRegex("""'shape'\s*:\s*\(([\d\s,]{0,200})\)""")]
    private static partial Regex ShapeTuple();
}
