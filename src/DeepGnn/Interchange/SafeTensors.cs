using static TorchSharp.torch;

namespace DeepGnn.Interchange;

/// <summary>
/// Reads and writes safetensors files: 8 bytes little-endian length of the header, a JSON header with dtype, shape and data_offsets of each
/// tensor and optional <c>__metadata__</c>, then the elements, row-major and little-endian, tensor after tensor. Nothing in such a file is
/// ever run. Format: https://huggingface.co/docs/safetensors.
/// </summary>
public static class SafeTensors
{
    private const int BufferBytes = 1 << 20;

    /// <summary>Writes tensors: to a temporary name, to the disk, then renamed. Wide elements come first, so that all are aligned.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">Of any device; not changed.</param>
    /// <param name="metadata">Free text by name, or null.</param>
    /// <exception cref="NotSupportedException">An element type that the format does not have.</exception>
    /// <exception cref="IOException">The file cannot be written; an older one of that name stays.</exception>
    public static void Write(string path, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        if (tensors.ContainsKey("__metadata__")) { throw new ArgumentException("found a tensor named __metadata__, needed another name", nameof(tensors)); }

        long at = 0;
        var laid = new List<KeyValuePair<string, SafeTensorsEntry>>();
        foreach (var (name, tensor) in tensors.OrderByDescending(pair => ElementType.SizeOf(pair.Value.dtype)).ThenBy(pair => pair.Key, StringComparer.Ordinal))
        {
            var entry = new SafeTensorsEntry(tensor.dtype, tensor.shape, at, at + (tensor.numel() * ElementType.SizeOf(tensor.dtype)));
            laid.Add(new(name, entry));
            at = entry.End;
        }

        DurableFile.Write(path, file =>
        {
            file.Write(SafeTensorsHeader.ToBytes(laid, metadata ?? new Dictionary<string, string>()));
            foreach (var (name, _) in laid)
            {
                using var scope = NewDisposeScope();
                tensors[name].detach().cpu().contiguous().WriteBytesToStream(file, BufferBytes);
            }
        });
    }

    /// <summary>Reads and checks the header alone.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, cut or none of this format: names it, what was found, what is needed.</exception>
    public static SafeTensorsHeader ReadHeader(string path)
    {
        using var file = Open(path);
        return SafeTensorsHeader.Read(path, file);
    }

    /// <summary>Reads all tensors to the CPU; they belong to the caller.</summary>
    /// <exception cref="InvalidDataException">As <see cref="ReadHeader"/>; nothing is read of a file whose header is refused.</exception>
    public static (IReadOnlyDictionary<string, Tensor> Tensors, IReadOnlyDictionary<string, string> Metadata) Read(string path)
    {
        using var file = Open(path);
        var header = SafeTensorsHeader.Read(path, file);
        return (header.Tensors.ToDictionary(pair => pair.Key, pair => Read(path, file, header, pair.Key)), header.Metadata);
    }

    internal static FileStream Open(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.Read);

    /// <summary>One tensor of an open file, on the CPU.</summary>
    internal static Tensor Read(string path, FileStream file, SafeTensorsHeader header, string name)
    {
        using var scope = NewDisposeScope();
        var entry = header.Tensors[name];
        var isBool = entry.Type == ScalarType.Bool;
        var values = empty(entry.Shape, isBool ? ScalarType.Byte : entry.Type);
        file.Position = header.DataStart + entry.Begin;
        if (entry.End > entry.Begin) { values.ReadBytesFromStream(file, BufferBytes); }
        if (!isBool) { return values.MoveToOuterDisposeScope(); }

        if (values.numel() > 0 && values.max().item<byte>() is > 1 and var found)
        {
            throw SafeTensorsHeader.Refused(path, $"tensor \"{name}\": found a byte of {found}, needed 0 or 1 for BOOL");
        }

        return values.to(ScalarType.Bool).MoveToOuterDisposeScope();
    }
}
