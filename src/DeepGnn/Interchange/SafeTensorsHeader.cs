using System.Text;
using System.Text.Json;
using static TorchSharp.torch;

namespace DeepGnn.Interchange;

/// <summary>Where a tensor of a safetensors file lies and what it is.</summary>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Lengths; none for a single number.</param>
/// <param name="Begin">First byte, counted from the end of the header.</param>
/// <param name="End">The byte after the last.</param>
public sealed record SafeTensorsEntry(ScalarType Type, long[] Shape, long Begin, long End)
{
    /// <summary>"F32 [16, 1433]".</summary>
    public override string ToString() => $"{ElementType.NameOf(Type)} [{string.Join(", ", Shape)}]";
}

/// <summary>The header of a safetensors file, checked: tensors fit their shapes and lie one after the other without gap or overlap.</summary>
public sealed class SafeTensorsHeader
{
    /// <summary>Longest header of the format: 100 MB.</summary>
    public const long MaxBytes = 100_000_000;

    private const string MetadataName = "__metadata__";
    private const int MaxDimensions = 64;
    private const int LengthBytes = 8;

    private SafeTensorsHeader(IReadOnlyDictionary<string, SafeTensorsEntry> tensors, IReadOnlyDictionary<string, string> metadata, long dataStart) =>
        (Tensors, Metadata, DataStart) = (tensors, metadata, dataStart);

    /// <summary>What the file holds, by name.</summary>
    public IReadOnlyDictionary<string, SafeTensorsEntry> Tensors { get; }

    /// <summary>Free text by name.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Position of the first byte after the header.</summary>
    public long DataStart { get; }

    /// <summary>Reads the header and leaves the stream at the first byte of data.</summary>
    /// <param name="path">File name, for messages.</param>
    /// <param name="stream">The file from its start; its length must be known.</param>
    /// <exception cref="InvalidDataException">The file is damaged or no safetensors file: names it, what was found, what is needed.</exception>
    internal static SafeTensorsHeader Read(string path, Stream stream)
    {
        Span<byte> first = stackalloc byte[LengthBytes];
        if (stream.ReadAtLeast(first, LengthBytes, throwOnEndOfStream: false) < LengthBytes)
        {
            throw Refused(path, $"found {stream.Length} bytes, needed at least {LengthBytes} for the length of the header");
        }

        var length = BitConverter.ToUInt64(first);
        var most = (ulong)Math.Min(MaxBytes, stream.Length - LengthBytes);
        if (length > most) { throw Refused(path, $"found a header of {length} bytes, needed at most {most}: the file is cut or no safetensors file"); }

        var json = new byte[length];
        stream.ReadExactly(json);
        if (length == 0 || json[0] != (byte)'{') { throw Refused(path, "found a header that does not start with {, needed a JSON object"); }

        var (tensors, metadata) = Parse(path, json);
        var start = LengthBytes + (long)length;
        CheckLayout(path, tensors, stream.Length - start);
        return new(tensors, metadata, start);
    }

    /// <summary>Length and JSON, filled with spaces so that data begin at a multiple of 8 bytes.</summary>
    internal static byte[] ToBytes(IEnumerable<KeyValuePair<string, SafeTensorsEntry>> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            if (metadata.Count > 0) { WriteMetadata(writer, metadata); }
            foreach (var (name, entry) in tensors) { WriteEntry(writer, name, entry); }
            writer.WriteEndObject();
        }

        while (json.Length % LengthBytes != 0) { json.WriteByte((byte)' '); }
        return [.. BitConverter.GetBytes((ulong)json.Length), .. json.ToArray()];
    }

    internal static InvalidDataException Refused(string path, string message) => new($"{path}: {message}");

    private static void WriteMetadata(Utf8JsonWriter writer, IReadOnlyDictionary<string, string> metadata)
    {
        writer.WriteStartObject(MetadataName);
        foreach (var (name, text) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal)) { writer.WriteString(name, text); }
        writer.WriteEndObject();
    }

    private static void WriteEntry(Utf8JsonWriter writer, string name, SafeTensorsEntry entry)
    {
        writer.WriteStartObject(name);
        writer.WriteString("dtype", ElementType.NameOf(entry.Type));
        writer.WriteStartArray("shape");
        foreach (var length in entry.Shape) { writer.WriteNumberValue(length); }
        writer.WriteEndArray();
        writer.WriteStartArray("data_offsets");
        writer.WriteNumberValue(entry.Begin);
        writer.WriteNumberValue(entry.End);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static (Dictionary<string, SafeTensorsEntry> Tensors, Dictionary<string, string> Metadata) Parse(string path, byte[] json)
    {
        var tensors = new Dictionary<string, SafeTensorsEntry>(StringComparer.Ordinal);
        Dictionary<string, string>? metadata = null;

        // Depth 3 is a tensor's shape: nothing deeper is ever read, and nothing is built before it is understood.
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 3 });
        try
        {
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                if (name == MetadataName)
                {
                    if (metadata is not null) { throw Refused(path, $"found {MetadataName} twice, needed it once"); }
                    metadata = Texts(path, ref reader);
                }
                else if (!tensors.TryAdd(name, Entry(path, name, ref reader)))
                {
                    throw Refused(path, $"found tensor \"{name}\" twice, needed different names");
                }
            }

            reader.Read(); // throws where anything but blanks follows
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or DecoderFallbackException)
        {
            throw Refused(path, $"found a header that is not the JSON of the format ({error.Message}), needed an undamaged one");
        }

        return (tensors, metadata ?? []);
    }

    private static Dictionary<string, string> Texts(string path, ref Utf8JsonReader reader)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        Need(path, ref reader, MetadataName, JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            Need(path, ref reader, $"{MetadataName}.{name}", JsonTokenType.String);
            if (!texts.TryAdd(name, reader.GetString()!)) { throw Refused(path, $"{MetadataName}: found \"{name}\" twice, needed different names"); }
        }

        return texts;
    }

    private static SafeTensorsEntry Entry(string path, string name, ref Utf8JsonReader reader)
    {
        (ScalarType? type, long[]? shape, long[]? offsets) = (null, null, null);
        Need(path, ref reader, name, JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var member = reader.GetString()!;
            switch (member)
            {
                case "dtype" when type is null: type = DataType(path, name, ref reader); break;
                case "shape" when shape is null: shape = Numbers(path, name, member, MaxDimensions, ref reader); break;
                case "data_offsets" when offsets is null: offsets = Numbers(path, name, member, 2, ref reader); break;
                default: throw Refused(path, $"tensor \"{name}\": found a member \"{member}\" too many, needed dtype, shape, data_offsets once each");
            }
        }

        if (type is null || shape is null || offsets is not { Length: 2 })
        {
            throw Refused(path, $"tensor \"{name}\": found an incomplete description, needed dtype, shape and two data_offsets");
        }

        return new(type.Value, shape, offsets[0], offsets[1]);
    }

    private static ScalarType DataType(string path, string name, ref Utf8JsonReader reader)
    {
        Need(path, ref reader, $"{name}.dtype", JsonTokenType.String);
        var text = reader.GetString()!;
        return ElementType.Named(text) ?? throw Refused(path, $"tensor \"{name}\": found dtype \"{text}\", needed one of {ElementType.Names}");
    }

    private static long[] Numbers(string path, string name, string member, int most, ref Utf8JsonReader reader)
    {
        var numbers = new List<long>();
        Need(path, ref reader, $"{name}.{member}", JsonTokenType.StartArray);
        while (reader.Read() && reader.TokenType == JsonTokenType.Number)
        {
            if (numbers.Count == most) { throw Refused(path, $"tensor \"{name}\": found more than {most} numbers in {member}, needed at most {most}"); }
            if (!reader.TryGetInt64(out var number) || number < 0)
            {
                throw Refused(path, $"tensor \"{name}\": found {Encoding.UTF8.GetString(reader.ValueSpan)} in {member}, needed a whole number of 0 or more");
            }

            numbers.Add(number);
        }

        return reader.TokenType == JsonTokenType.EndArray
            ? [.. numbers]
            : throw Refused(path, $"tensor \"{name}\": found {reader.TokenType} in {member}, needed whole numbers");
    }

    private static void Need(string path, ref Utf8JsonReader reader, string what, JsonTokenType type)
    {
        reader.Read();
        if (reader.TokenType != type) { throw Refused(path, $"{what}: found {reader.TokenType}, needed {type}"); }
    }

    private static void CheckLayout(string path, Dictionary<string, SafeTensorsEntry> tensors, long available)
    {
        long at = 0;
        foreach (var (name, entry) in tensors.OrderBy(pair => pair.Value.Begin).ThenBy(pair => pair.Value.End))
        {
            if (entry.Begin != at)
            {
                throw Refused(path, $"tensor \"{name}\": found its first byte at {entry.Begin}, needed {at}, where the one before it ends");
            }

            var needed = BytesOf(path, name, entry);
            if (entry.End - entry.Begin != needed)
            {
                throw Refused(path, $"tensor \"{name}\": found {entry.End - entry.Begin} bytes for {entry}, needed {needed}");
            }

            at = entry.End;
        }

        if (at != available) { throw Refused(path, $"found {available} bytes after the header, needed the {at} that it announces"); }
    }

    private static long BytesOf(string path, string name, SafeTensorsEntry entry)
    {
        try { return entry.Shape.Aggregate((long)ElementType.SizeOf(entry.Type), (product, length) => checked(product * length)); }
        catch (OverflowException) { throw Refused(path, $"tensor \"{name}\": found {entry}, needed a shape of fewer than 2^63 bytes"); }
    }
}
