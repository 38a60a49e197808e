using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;

namespace Datasets.Tests;

/// <summary>Writes <c>.npy</c> arrays and <c>.npz</c> files as NumPy does.</summary>
internal static class SmallNpz
{
    public static byte[] Npy<T>(string type, int[] shape, T[] values, bool fortran = false) where T : unmanaged =>
        Npy($"{{'descr': '{type}', 'fortran_order': {(fortran ? "True" : "False")}, 'shape': ({string.Concat(shape.Select(n => n + ", "))}), }}", MemoryMarshal.AsBytes<T>(values).ToArray());

    public static byte[] Npy(string header, byte[] content)
    {
        var padded = header.PadRight(((header.Length + 11 + 63) / 64 * 64) - 11) + "\n";
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)padded.Length, (byte)(padded.Length >> 8), .. Encoding.ASCII.GetBytes(padded), .. content];
    }

    public static void Write(string path, Dictionary<string, byte[]> arrays)
    {
        using var zip = new ZipArchive(File.Create(path), ZipArchiveMode.Create);
        foreach (var (name, bytes) in arrays)
        {
            using var stream = zip.CreateEntry(name + ".npy").Open();
            stream.Write(bytes);
        }
    }

    /// <summary>Six nodes, two classes, two splits, a ring; in the layout of the heterophilous sets.</summary>
    public static Dictionary<string, byte[]> Ring() => new()
    {
        ["node_features"] = Npy("<f4", [6, 2], Enumerable.Range(0, 12).Select(i => (float)i).ToArray()),
        ["node_labels"] = Npy("<i8", [6], new long[] { 0, 1, 0, 1, 0, 1 }),
        ["edges"] = Npy("<i8", [6, 2], new long[] { 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 0 }),
        ["train_masks"] = Npy("|b1", [2, 6], Mask(0, 1, 8, 9)),
        ["val_masks"] = Npy("|b1", [2, 6], Mask(2, 3, 10, 11)),
        ["test_masks"] = Npy("|b1", [2, 6], Mask(4, 5, 6, 7)),
    };

    public static bool[] Mask(params int[] set) => [.. Enumerable.Range(0, 12).Select(i => set.Contains(i))];
}
