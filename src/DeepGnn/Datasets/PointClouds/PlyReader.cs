using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace DeepGnn.Datasets.PointClouds;

/// <summary>
/// Reads the vertices of a PLY file (Turk, The PLY Polygon File Format, 1994), text or binary of either byte order. x, y and z are the
/// position;
/// a property named label, class, scalar_Label or scalar_Classification is the point's label; all other numbers are features in their
/// order, with colours of one byte scaled to [0, 1]. Faces are not read. The vertices must come first, as all known writers have them.
/// </summary>
public static class PlyReader
{
    private const int MaxHeaderBytes = 1 << 16;
    private static readonly string[] LabelNames = ["label", "class", "scalar_Label", "scalar_Classification"];

    /// <exception cref="DataException">The file is cut or damaged, or has no vertices: names header line or point, found and
    /// needed.</exception>
    public static PointCloud Read(string path)
    {
        if (FileReading.Length(path) > Array.MaxLength)
        {
            throw new DataException(path, $"found {FileReading.Length(path)} bytes, needed at most {Array.MaxLength}");
        }

        var bytes = FileReading.Bytes(path);
        var header = ReadHeader(path, bytes);
        int[] axes = [Find("x"), Find("y"), Find("z")];
        var label = header.Properties.FindIndex(property => LabelNames.Contains(property.Name));
        var others = Enumerable.Range(0, header.Properties.Count).Where(p => !axes.Contains(p) && p != label).ToArray();

        var positions = new float[3L * header.Count];
        var features = new float[(long)others.Length * header.Count];
        var labels = label >= 0 ? new int[header.Count] : null;
        var read = header.Text ? TextRows(path, bytes, header) : BinaryRows(bytes, header);
        var i = 0;
        foreach (var row in read)
        {
            for (var axis = 0; axis < 3; axis++) { positions[(3 * i) + axis] = Finite(row, axes[axis]); }
            for (var k = 0; k < others.Length; k++)
            {
                features[(i * others.Length) + k] = Finite(row, others[k]) / header.Properties[others[k]].Scale;
            }

            if (labels is not null) { labels[i] = Whole(row[label]); }
            i++;
        }

        return new(Path.GetFileNameWithoutExtension(path), positions, new(header.Count, others.Length, features)) { PointLabels = labels };

        int Find(string name) => header.Properties.FindIndex(property => property.Name == name) is >= 0 and var at
            ? at
            : throw new DataException(path, $"found no vertex property {name}, needed x, y and z");

        int Whole(double value) => Math.Abs(value) <= 1e6 && value == Math.Floor(value)
            ? (int)value
            : throw new DataException(path, $"point {i}: found label {value}, needed a whole number");

        float Finite(double[] row, int p) => float.IsFinite((float)row[p])
            ? (float)row[p]
            : throw new DataException(path, $"point {i}: found {header.Properties[p].Name} {row[p]}, needed a finite number");
    }

    private static Header ReadHeader(string path, byte[] bytes)
    {
        var end = bytes.AsSpan(0, Math.Min(bytes.Length, MaxHeaderBytes)).IndexOf("end_header"u8);
        var start = end < 0 ? -1 : bytes.AsSpan(end).IndexOf((byte)'\n') + end + 1;
        if (start <= end || !bytes.AsSpan().StartsWith("ply"u8))
        {
            throw new DataException(path, "found no PLY header, needed \"ply\" to \"end_header\"");
        }

        var (format, count, properties) = Declarations(path, Encoding.ASCII.GetString(bytes, 0, end).Split('\n'));
        if (format is not ("ascii" or "binary_little_endian" or "binary_big_endian"))
        {
            throw new DataException(path, $"found format {CsvReader.Shorten(format)}, needed ascii, binary_little_endian or binary_big_endian");
        }

        if (count < 0) { throw new DataException(path, "found no vertices, needed at least 1"); }

        // The last line of a text may lack its end.
        var header = new Header(format == "ascii", format == "binary_big_endian", start, count, properties);
        var needed = header.Text ? 2L * count * properties.Count : (long)count * properties.Sum(property => property.Size);
        return needed <= bytes.Length - start + (header.Text ? 1 : 0)
            ? header
            : throw new DataException(path, $"found {bytes.Length - start} bytes of {count} vertices, needed {needed}: the file is cut");
    }

    private static (string Format, int Count, List<Property> Properties) Declarations(string path, string[] lines)
    {
        var (format, count, elements) = ("", -1, 0);
        var properties = new List<Property>();
        for (var k = 0; k < lines.Length; k++)
        {
            switch (lines[k].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            {
                case ["format", var name, _]:
                    format = name;
                    break;
                case ["element", "vertex", var vertices] when elements++ == 0:
                    count = CsvReader.Int(path, k + 1, vertices, 1, int.MaxValue / 3);
                    break;
                case ["element", var name, _] when elements++ == 0:
                    throw new DataException(path, $"line {k + 1}: found element {CsvReader.Shorten(name)} first, needed vertex");
                case ["property", "list", ..] when elements == 1:
                    throw new DataException(path, $"line {k + 1}: found a list in a vertex, needed plain numbers");
                case ["property", var type, var name] when elements == 1:
                    properties.Add(Property.Parse(path, k + 1, type, name));
                    break;
            }
        }

        return (format, count, properties);
    }

    private static IEnumerable<double[]> TextRows(string path, byte[] bytes, Header header)
    {
        var row = new double[header.Properties.Count];
        var read = 0;
        foreach (var line in FileReading.Lines(path, new MemoryStream(bytes, header.Start, bytes.Length - header.Start)).Take(header.Count))
        {
            var words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length != row.Length)
            {
                throw new DataException(path, $"point {read}: found {words.Length} numbers, needed {row.Length}");
            }

            for (var p = 0; p < row.Length; p++)
            {
                row[p] = double.TryParse(words[p], NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
                    ? value
                    : throw new DataException(path, $"point {read}: found {CsvReader.Shorten(words[p])}, needed a number");
            }

            read++;
            yield return row;
        }

        if (read != header.Count) { throw new DataException(path, $"found {read} points, needed {header.Count}: the file is cut"); }
    }

    private static IEnumerable<double[]> BinaryRows(byte[] bytes, Header header)
    {
        var row = new double[header.Properties.Count];
        var at = header.Start;
        for (var i = 0; i < header.Count; i++)
        {
            for (var p = 0; p < row.Length; p++)
            {
                row[p] = header.Properties[p].Read(bytes.AsSpan(at), header.BigEndian);
                at += header.Properties[p].Size;
            }

            yield return row;
        }
    }

    private sealed record Header(bool Text, bool BigEndian, int Start, int Count, List<Property> Properties);

    private sealed record Property(string Name, char Kind, int Size)
    {
        public float Scale => Kind == 'u' && Size == 1 && Name is "red" or "green" or "blue" or "alpha" ? 255 : 1;

        public static Property Parse(string path, int line, string type, string name) => type switch
        {
            "char" or "int8" => new(name, 'i', 1),
            "uchar" or "uint8" => new(name, 'u', 1),
            "short" or "int16" => new(name, 'i', 2),
            "ushort" or "uint16" => new(name, 'u', 2),
            "int" or "int32" => new(name, 'i', 4),
            "uint" or "uint32" => new(name, 'u', 4),
            "float" or "float32" => new(name, 'f', 4),
            "double" or "float64" => new(name, 'f', 8),
            _ => throw new DataException(path, $"line {line}: found type {CsvReader.Shorten(type)}, needed a PLY number type"),
        };

        public double Read(ReadOnlySpan<byte> from, bool bigEndian)
        {
            Span<byte> bytes = stackalloc byte[8];
            from[..Size].CopyTo(bytes);
            if (bigEndian) { bytes[..Size].Reverse(); }
            return (Kind, Size) switch
            {
                ('i', 1) => (sbyte)bytes[0],
                ('u', 1) => bytes[0],
                ('i', 2) => BinaryPrimitives.ReadInt16LittleEndian(bytes),
                ('u', 2) => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
                ('i', 4) => BinaryPrimitives.ReadInt32LittleEndian(bytes),
                ('u', 4) => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
                ('f', 4) => BinaryPrimitives.ReadSingleLittleEndian(bytes),
                _ => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
            };
        }
    }
}
