using System.Runtime.InteropServices;
using System.Text;

namespace DeepGnn.Datasets.Numpy;

/// <summary>Writes a <c>.npy</c> array of format version 1.0, row-major and little-endian.</summary>
internal static class NpyWriter
{
    private const int Alignment = 64;
    private const int PreambleBytes = 10;

    /// <param name="stream">Where to.</param>
    /// <param name="values">Elements in row-major order; float, double, int, long or byte.</param>
    /// <param name="shape">Lengths whose product is the number of elements.</param>
    public static void Write<T>(Stream stream, ReadOnlySpan<T> values, params int[] shape) where T : unmanaged
    {
        if (values.Length != shape.Aggregate(1L, (product, length) => product * length))
        {
            throw new ArgumentException($"found {values.Length} elements, needed those of shape {NumpyArray.Describe(shape)}", nameof(values));
        }

        var tuple = shape.Length == 1 ? $"({shape[0]},)" : $"({string.Join(", ", shape)})";
        var fields = $"{{'descr': '{Descriptor(typeof(T))}', 'fortran_order': False, 'shape': {tuple}, }}";
        var blanks = Alignment - ((PreambleBytes + fields.Length + 1) % Alignment);
        var header = Encoding.ASCII.GetBytes(fields + new string(' ', blanks % Alignment) + "\n");

        stream.Write([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0, (byte)header.Length, (byte)(header.Length >> 8)]);
        stream.Write(header);
        stream.Write(MemoryMarshal.AsBytes(values));
    }

    private static string Descriptor(Type type) =>
        type == typeof(float) ? "<f4"
        : type == typeof(double) ? "<f8"
        : type == typeof(int) ? "<i4"
        : type == typeof(long) ? "<i8"
        : type == typeof(byte) ? "|u1"
        : throw new NotSupportedException($"found elements of type {type.Name}, needed float, double, int, long or byte");
}
