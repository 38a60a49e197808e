using System.Runtime.InteropServices;
using PureHDF;

namespace DeepGnn.Datasets.Numpy;

/// <summary>
/// Reads an array of numbers from an HDF5 file (contiguous or chunked, gzip and shuffle filters), as NumPy writes them with h5py.
/// </summary>
internal static class Hdf5Reader
{
    private const int MaxRatio = 500;
    private const ulong FreeBytes = 64UL << 20;

    /// <exception cref="DataException">The file is no HDF5, cut or damaged, or has no such array of numbers.</exception>
    public static NumpyArray Read(string path, string name)
    {
        var place = $"{path}: {name}";
        var length = FileReading.Length(path);
        try
        {
            using var stream = FileReading.Open(path);
            using var file = H5File.Open(stream, leaveOpen: false);
            var dataset = file.Dataset(name);
            var shape = Array.ConvertAll(dataset.Space.Dimensions, size => Length(place, size));
            CheckSize(place, length, (ulong)NumpyArray.CountOf(place, shape), dataset.Type.Size);
            if (dataset.Layout.Class == H5DataLayoutClass.Chunked)
            {
                CheckSize(place, length, dataset.Layout.Chunks.Aggregate(1UL, (product, size) => checked(product * size)), dataset.Type.Size);
            }

            var (type, content) = Content(place, dataset);
            return new(place, type, shape, fortran: false, content);
        }
        catch (Exception error) when (error is not DataException)
        {
            // The library meets damage with whatever its parsing runs into: casts, indices, nulls, its own exceptions, and buffers of any
            // length a damaged field names (up to 2 GB, given back at once), so running out of memory here says nothing about the run.
            throw new DataException(place, $"not readable as HDF5: {error.Message}", error);
        }
    }

    private static int Length(string place, ulong size) =>
        size <= int.MaxValue ? (int)size : throw new DataException(place, $"found a length of {size}, needed at most {int.MaxValue}");

    /// <summary>Memory is taken for the array and for a chunk at a time, so neither may be out of proportion to the file.</summary>
    private static void CheckSize(string place, long length, ulong count, int size)
    {
        var bytes = checked(count * (ulong)size);
        if (bytes > (ulong)Array.MaxLength || (bytes > FreeBytes && bytes / MaxRatio > (ulong)length))
        {
            throw new DataException(
                place,
                $"found {bytes} bytes in a file of {length}, needed at most {Array.MaxLength}, and at most {MaxRatio} to 1");
        }
    }

    private static (NumpyType Type, byte[] Content) Content(string place, IH5Dataset dataset) =>
        (dataset.Type.Class, dataset.Type.Size) switch
    {
        (H5DataTypeClass.FloatingPoint, 4) => (new('f', 4, false), Bytes<float>(dataset)),
        (H5DataTypeClass.FloatingPoint, 8) => (new('f', 8, false), Bytes<double>(dataset)),
        (H5DataTypeClass.FixedPoint, 1) => (new(Sign(dataset), 1, false), Bytes<byte>(dataset)),
        (H5DataTypeClass.FixedPoint, 2) => (new(Sign(dataset), 2, false), Bytes<ushort>(dataset)),
        (H5DataTypeClass.FixedPoint, 4) => (new(Sign(dataset), 4, false), Bytes<uint>(dataset)),
        (H5DataTypeClass.FixedPoint, 8) => (new(Sign(dataset), 8, false), Bytes<ulong>(dataset)),
        var (kind, size) => throw new DataException(place, $"found elements of {kind} with {size} bytes, needed whole numbers or floats"),
    };

    private static char Sign(IH5Dataset dataset) => dataset.Type.FixedPoint.IsSigned ? 'i' : 'u';

    private static byte[] Bytes<T>(IH5Dataset dataset) where T : unmanaged => MemoryMarshal.AsBytes<T>(dataset.Read<T[]>()).ToArray();
}
