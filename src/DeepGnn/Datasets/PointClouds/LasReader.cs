using System.Buffers.Binary;

namespace DeepGnn.Datasets.PointClouds;

/// <summary>
/// Reads LAS 1.0 to 1.4 (ASPRS LAS Specification 1.4 R15), point formats 0 to 10, uncompressed. Positions are counted from the lowest
/// corner of
/// the points, since single precision has no room for map coordinates. The label is the classification code as it stands.
/// </summary>
public static class LasReader
{
    /// <summary>Intensity and colours are scaled from 16 bits to [0, 1]; colours are 0 in formats that have none.</summary>
    public static IReadOnlyList<string> FeatureNames { get; } = ["intensity", "return", "returns", "red", "green", "blue", "nir"];

    /// <summary>Least bytes of a record of formats 0 to 10, and where its red and near-infrared are (−1: nowhere).</summary>
    private static readonly (int Length, int Red, int Infrared)[] Formats =
    [
        (20, -1, -1), (28, -1, -1), (26, 20, -1), (34, 28, -1), (57, -1, -1), (63, 28, -1),
        (30, -1, -1), (36, 30, -1), (38, 30, 36), (59, -1, -1), (67, 30, 36),
    ];

    /// <exception cref="DataException">The file is compressed (LAZ), cut or damaged: names the field, found and needed.</exception>
    public static PointCloud Read(string path)
    {
        if (FileReading.Length(path) > Array.MaxLength)
        {
            throw new DataException(path, $"found {FileReading.Length(path)} bytes, needed at most {Array.MaxLength}");
        }

        var bytes = FileReading.Bytes(path);
        var header = ReadHeader(path, bytes);
        var (lowest, scale) = (new[] { int.MaxValue, int.MaxValue, int.MaxValue }, header.Scale);
        for (var i = 0; i < header.Count; i++)
        {
            for (var axis = 0; axis < 3; axis++) { lowest[axis] = Math.Min(lowest[axis], Coordinate(bytes, header, i, axis)); }
        }

        var positions = new float[3 * header.Count];
        var features = new float[FeatureNames.Count * header.Count];
        var labels = new int[header.Count];
        for (var i = 0; i < header.Count; i++)
        {
            for (var axis = 0; axis < 3; axis++)
            {
                positions[(3 * i) + axis] = (float)(((double)Coordinate(bytes, header, i, axis) - lowest[axis]) * scale[axis]);
            }

            labels[i] = Fill(bytes.AsSpan(header.Start + (i * header.Length), header.Length), header.Format, features.AsSpan(i * FeatureNames.Count));
        }

        return new(Path.GetFileNameWithoutExtension(path), positions, new(header.Count, FeatureNames.Count, features)) { PointLabels = labels };
    }

    private static Header ReadHeader(string path, byte[] bytes)
    {
        if (bytes.Length < 227 || !bytes.AsSpan(0, 4).SequenceEqual("LASF"u8))
        {
            throw new DataException(path, "found no LAS header, needed the bytes LASF and at least 227");
        }

        var (major, minor, format) = (bytes[24], bytes[25], bytes[104]);
        if (major != 1 || minor > 4) { throw new DataException(path, $"found LAS version {major}.{minor}, needed 1.0 to 1.4"); }
        if (format >= 64) { throw new DataException(path, "found compressed points (LAZ), needed LAS: unpack the file first"); }
        if (format > 10) { throw new DataException(path, $"found point format {format}, needed 0 to 10"); }

        var start = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(96));
        int length = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(105));
        ulong count = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(107));
        if (minor == 4 && bytes.Length >= 255) { count = Math.Max(count, BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(247))); }
        if (length < Formats[format].Length)
        {
            throw new DataException(path, $"found records of {length} bytes, needed at least {Formats[format].Length} for format {format}");
        }

        if (start > bytes.Length || count > (ulong)((bytes.Length - start) / length))
        {
            throw new DataException(path, $"found {bytes.Length} bytes, needed {start} and {count} points of {length}: the file is cut");
        }

        if (count == 0) { throw new DataException(path, "found no points, needed at least 1"); }

        var scale = new double[3];
        for (var axis = 0; axis < 3; axis++)
        {
            scale[axis] = BinaryPrimitives.ReadDoubleLittleEndian(bytes.AsSpan(131 + (8 * axis)));
            if (!(scale[axis] > 0 && scale[axis] < 1e6))
            {
                throw new DataException(path, $"found a scale of {scale[axis]}, needed one above 0");
            }
        }

        return new(format, (int)start, length, (int)count, scale);
    }

    private static int Coordinate(byte[] bytes, Header header, int point, int axis) =>
        BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(header.Start + (point * header.Length) + (4 * axis)));

    private static int Fill(ReadOnlySpan<byte> record, int format, Span<float> features)
    {
        var wide = format >= 6;
        features[0] = Share(record[12..]);
        features[1] = record[14] & (wide ? 15 : 7);
        features[2] = wide ? record[14] >> 4 : (record[14] >> 3) & 7;
        var (_, red, infrared) = Formats[format];
        if (red >= 0)
        {
            for (var c = 0; c < 3; c++) { features[3 + c] = Share(record[(red + (2 * c))..]); }
        }

        if (infrared >= 0) { features[6] = Share(record[infrared..]); }

        // Older formats keep flags in the three high bits.
        return wide ? record[16] : record[15] & 31;
    }

    private static float Share(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16LittleEndian(bytes) / 65_535f;

    private sealed record Header(int Format, int Start, int Length, int Count, double[] Scale);
}
