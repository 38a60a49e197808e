using static TorchSharp.torch;

namespace DeepGnn.Interchange;

/// <summary>Element types by their safetensors names.</summary>
internal static class ElementType
{
    private static readonly (string Name, ScalarType Type, int Bytes)[] s_known =
    [
        ("F64", ScalarType.Float64, 8), ("F32", ScalarType.Float32, 4), ("F16", ScalarType.Float16, 2), ("BF16", ScalarType.BFloat16, 2),
        ("I64", ScalarType.Int64, 8), ("I32", ScalarType.Int32, 4), ("I16", ScalarType.Int16, 2), ("I8", ScalarType.Int8, 1),
        ("U8", ScalarType.Byte, 1), ("BOOL", ScalarType.Bool, 1),
    ];

    public static string Names => string.Join(", ", s_known.Select(known => known.Name));

    public static ScalarType? Named(string name) => s_known.Where(known => known.Name == name).Select(known => (ScalarType?)known.Type).FirstOrDefault();

    /// <exception cref="NotSupportedException">The format has no such type (complex numbers, quantised ones).</exception>
    public static string NameOf(ScalarType type) => Of(type).Name;

    public static int SizeOf(ScalarType type) => Of(type).Bytes;

    private static (string Name, ScalarType Type, int Bytes) Of(ScalarType type)
    {
        var index = Array.FindIndex(s_known, known => known.Type == type);
        return index >= 0 ? s_known[index] : throw new NotSupportedException($"safetensors: found elements of type {type}, needed one of {Names}");
    }
}
