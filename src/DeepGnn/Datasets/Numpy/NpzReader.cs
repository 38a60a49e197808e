using System.IO.Compression;
using ICSharpCode.SharpZipLib.Checksum;

namespace DeepGnn.Datasets.Numpy;

/// <summary>
/// A <c>.npz</c> file: a zip of <c>.npy</c> arrays, each read when asked for. Sizes are checked before anything is unpacked, checksums after.
/// </summary>
internal sealed class NpzReader : IDisposable
{
    /// <summary>More than any of the layouts read here has.</summary>
    private const int MaxMembers = 1_000;

    /// <summary>Deflate packs at most 1,032 to 1; sparse features written densely reach 220 to 1 in the sets known here.</summary>
    private const int MaxRatio = 500;
    private const long FreeBytes = 64L << 20;
    private const long MaxMemberBytes = 2_000_000_000;

    private readonly string _path;
    private readonly ZipArchive _zip;
    private readonly Dictionary<string, ZipArchiveEntry> _members = [];

    public NpzReader(string path)
    {
        _path = path;
        var stream = FileReading.Open(path);
        try
        {
            _zip = new ZipArchive(stream, ZipArchiveMode.Read);
            if (_zip.Entries.Count > MaxMembers) { throw new DataException(path, $"found {_zip.Entries.Count} members, needed at most {MaxMembers}"); }
            foreach (var entry in _zip.Entries)
            {
                if (!_members.TryAdd(Name(entry), entry)) { throw new DataException(path, $"found member {entry.FullName} twice, needed it once"); }
            }
        }
        catch (Exception error) when (FileReading.IsDamage(error))
        {
            stream.Dispose();
            throw new DataException(path, $"not a readable .npz (zip) file: {error.Message}", error);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Names of the arrays, without ".npy".</summary>
    public IReadOnlyCollection<string> Names => _members.Keys;

    public bool Has(string name) => _members.ContainsKey(name);

    public NumpyArray Read(string name)
    {
        if (!_members.TryGetValue(name, out var entry))
        {
            throw new DataException(_path, $"found the arrays {string.Join(", ", _members.Keys.Take(20))}, needed {name}");
        }

        var place = $"{_path}: {entry.FullName}";
        return NpyReader.Read(place, Unpack(place, entry));
    }

    public void Dispose() => _zip.Dispose();

    private static byte[] Unpack(string place, ZipArchiveEntry entry)
    {
        if (entry.Length > MaxMemberBytes) { throw new DataException(place, $"found {entry.Length} bytes, needed at most {MaxMemberBytes}"); }
        if (entry.Length > FreeBytes && entry.Length / MaxRatio > entry.CompressedLength)
        {
            throw new DataException(place, $"found {entry.Length} bytes packed into {entry.CompressedLength}, needed at most {MaxRatio} to 1");
        }

        try
        {
            var bytes = new byte[entry.Length];
            using var stream = entry.Open();
            stream.ReadExactly(bytes);
            if (stream.ReadByte() >= 0) { throw new DataException(place, $"found more than the {entry.Length} bytes announced"); }

            var checksum = new Crc32();
            checksum.Update(bytes);
            if ((uint)checksum.Value != entry.Crc32)
            {
                throw new DataException(place, $"found checksum {checksum.Value:x8}, needed {entry.Crc32:x8}: the file is damaged");
            }

            return bytes;
        }
        catch (Exception error) when (FileReading.IsDamage(error))
        {
            throw new DataException(place, $"cannot be unpacked: {error.Message}", error);
        }
    }

    private static string Name(ZipArchiveEntry entry) =>
        entry.FullName.EndsWith(".npy", StringComparison.Ordinal) ? entry.FullName[..^4] : entry.FullName;
}
