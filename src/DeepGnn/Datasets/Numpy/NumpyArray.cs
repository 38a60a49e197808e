using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace DeepGnn.Datasets.Numpy;

/// <summary>An array as a file holds it. Its elements are converted, and checked, when asked for; always in row-major order.</summary>
internal sealed class NumpyArray
{
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly bool _fortran;

    public NumpyArray(string place, NumpyType type, int[] shape, bool fortran, ReadOnlyMemory<byte> bytes)
    {
        Place = place;
        Type = type;
        Shape = shape;
        _fortran = fortran;
        _bytes = bytes;
        if (bytes.Length != (long)Count * type.Size)
        {
            throw new DataException(place, $"found {bytes.Length} bytes for shape {Describe(shape)}, needed {(long)Count * type.Size}");
        }
    }

    public NumpyArray(string place, int[] shape, IReadOnlyList<object?> objects)
    {
        Place = place;
        Type = new('O', 8, false);
        Shape = shape;
        Objects = objects;
        if (objects.Count != Count)
        {
            throw new DataException(place, $"found {objects.Count} objects for shape {Describe(shape)}, needed {Count}");
        }
    }

    /// <summary>File and member, for messages.</summary>
    public string Place { get; }

    public NumpyType Type { get; }

    public int[] Shape { get; }

    /// <summary>Elements of an object array; null for every other type.</summary>
    public IReadOnlyList<object?>? Objects { get; }

    public int Count => CountOf(Place, Shape);

    /// <summary>Number of elements, refused when it cannot be an array of ours.</summary>
    public static int CountOf(string place, IReadOnlyList<int> shape)
    {
        long count = 1;
        foreach (var length in shape)
        {
            if (length < 0) { throw new DataException(place, $"found a length of {length} in shape {Describe(shape)}, needed 0 or more"); }
            count *= length;
            if (count > Array.MaxLength)
            {
                throw new DataException(place, $"found shape {Describe(shape)}, needed at most {Array.MaxLength} elements");
            }
        }

        return (int)count;
    }

    public NumpyArray NeedRank(int rank) => Shape.Length == rank
        ? this
        : throw new DataException(Place, $"found shape {Describe(Shape)}, needed {rank} dimension{(rank == 1 ? "" : "s")}");

    /// <summary>
    /// Whole numbers from <paramref name="low"/> to <paramref name="high"/>; <paramref name="what"/> names them in messages.
    /// </summary>
    public int[] ToInts(string what, int low = int.MinValue, int high = int.MaxValue) => (Type.Kind, Type.Size) switch
    {
        ('b', 1) or ('u', 1) => Whole<byte>(what, low, high),
        ('i', 1) => Whole<sbyte>(what, low, high),
        ('i', 2) => Whole<short>(what, low, high),
        ('i', 4) => Whole<int>(what, low, high),
        ('i', 8) => Whole<long>(what, low, high),
        ('u', 2) => Whole<ushort>(what, low, high),
        ('u', 4) => Whole<uint>(what, low, high),
        ('u', 8) => Whole<ulong>(what, low, high),
        _ => throw WrongType("whole numbers"),
    };

    /// <summary>Finite numbers.</summary>
    public float[] ToFloats(string what) => (Type.Kind, Type.Size) switch
    {
        ('f', 2) => Finite<Half>(what),
        ('f', 4) => Finite<float>(what),
        ('f', 8) => Finite<double>(what),
        ('b', 1) or ('u', 1) => Finite<byte>(what),
        ('i', 1) => Finite<sbyte>(what),
        ('i', 2) => Finite<short>(what),
        ('i', 4) => Finite<int>(what),
        ('i', 8) => Finite<long>(what),
        ('u', 2) => Finite<ushort>(what),
        ('u', 4) => Finite<uint>(what),
        ('u', 8) => Finite<ulong>(what),
        _ => throw WrongType("numbers"),
    };

    /// <summary>Truth values; whole numbers 0 and 1 count as such.</summary>
    public bool[] ToBools(string what) => Array.ConvertAll(ToInts(what, 0, 1), value => value == 1);

    public string[] ToTexts()
    {
        if (Type.Kind is not ('U' or 'S')) { throw WrongType("text"); }

        var bytes = RowMajor();
        var texts = new string[Count];
        for (var i = 0; i < texts.Length; i++)
        {
            var element = bytes.Slice(i * Type.Size, Type.Size);
            texts[i] = (Type.Kind == 'U' ? Encoding.UTF32 : Encoding.Latin1).GetString(element).TrimEnd('\0');
        }

        return texts;
    }

    public static string Describe(IReadOnlyList<int> shape) => $"[{string.Join(", ", shape)}]";

    private int[] Whole<T>(string what, int low, int high) where T : unmanaged, IBinaryInteger<T>
    {
        var values = MemoryMarshal.Cast<byte, T>(RowMajor());
        var ints = new int[values.Length];
        for (var i = 0; i < ints.Length; i++)
        {
            var value = long.CreateSaturating(values[i]);
            if (value < low || value > high)
            {
                throw new DataException(Place, $"{what} {Position(i)}: found {values[i]}, needed a whole number from {low} to {high}");
            }

            ints[i] = (int)value;
        }

        return ints;
    }

    private float[] Finite<T>(string what) where T : unmanaged, INumber<T>
    {
        var values = MemoryMarshal.Cast<byte, T>(RowMajor());
        var floats = new float[values.Length];
        for (var i = 0; i < floats.Length; i++)
        {
            floats[i] = float.CreateSaturating(values[i]);
            if (!float.IsFinite(floats[i]))
            {
                var found = string.Create(CultureInfo.InvariantCulture, $"{values[i]}");
                throw new DataException(Place, $"{what} {Position(i)}: found {found}, needed a finite number");
            }
        }

        return floats;
    }

    /// <summary>Position of a row-major element as "[3, 1]".</summary>
    private string Position(int index)
    {
        var at = new int[Shape.Length];
        for (var d = Shape.Length - 1; d >= 0; d--) { (index, at[d]) = Math.DivRem(index, Shape[d]); }
        return Describe(at);
    }

    /// <summary>The elements in row-major order and this machine's byte order; copied only where the file has another.</summary>
    private ReadOnlySpan<byte> RowMajor()
    {
        if (Objects is not null) { throw WrongType("numbers or text"); }

        var fortran = _fortran && Shape.Count(length => length > 1) > 1;
        var reverse = Type.BigEndian == BitConverter.IsLittleEndian && Type.WordSize > 1;
        if (!fortran && !reverse) { return _bytes.Span; }

        var bytes = fortran ? FromColumnMajor() : _bytes.ToArray();
        if (reverse)
        {
            for (var at = 0; at < bytes.Length; at += Type.WordSize) { bytes.AsSpan(at, Type.WordSize).Reverse(); }
        }

        return bytes;
    }

    private byte[] FromColumnMajor()
    {
        var from = _bytes.Span;
        var bytes = new byte[from.Length];
        var at = new int[Shape.Length];
        var size = Type.Size;
        for (var to = 0; to < bytes.Length; to += size)
        {
            var source = 0;
            for (var d = Shape.Length - 1; d >= 0; d--) { source = (source * Shape[d]) + at[d]; }
            from.Slice(source * size, size).CopyTo(bytes.AsSpan(to));

            for (var d = Shape.Length - 1; d >= 0 && ++at[d] == Shape[d]; d--) { at[d] = 0; }
        }

        return bytes;
    }

    private DataException WrongType(string needed) => new(Place, $"found elements of type {Type.Kind}{Type.Size}, needed {needed}");
}
