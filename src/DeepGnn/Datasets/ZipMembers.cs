using System.IO.Compression;
using ICSharpCode.SharpZipLib.Checksum;

namespace DeepGnn.Datasets;

/// <summary>
/// The files in a zip, unpacked into memory one by one when asked for. Names and sizes are checked before anything is unpacked, checksums
/// after; nothing is ever written to disk, and a name that would lead out of a folder is refused all the same.
/// </summary>
internal sealed class ZipMembers : IDisposable
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

    public ZipMembers(string path)
    {
        _path = path;
        var stream = FileReading.Open(path);
        try
        {
            _zip = new ZipArchive(stream, ZipArchiveMode.Read);
            if (_zip.Entries.Count > MaxMembers)
            {
                throw new DataException(path, $"found {_zip.Entries.Count} members, needed at most {MaxMembers}");
            }

            foreach (var entry in _zip.Entries.Where(entry => !entry.FullName.EndsWith('/'))) { Add(entry); }
        }
        catch (Exception error) when (FileReading.IsDamage(error))
        {
            stream.Dispose();
            throw new DataException(path, $"not a readable zip file: {error.Message}", error);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    public IReadOnlyCollection<string> Names => _members.Keys;

    public bool Has(string name) => _members.ContainsKey(name);

    /// <exception cref="DataException">There is no such member, it is too large, packed too tightly, cut or damaged.</exception>
    public byte[] Read(string name)
    {
        if (!_members.TryGetValue(name, out var entry))
        {
            throw new DataException(_path, $"found {string.Join(", ", _members.Keys.Take(20))}, needed {name}");
        }

        var place = $"{_path}: {name}";
        if (entry.Length > MaxMemberBytes)
        {
            throw new DataException(place, $"found {entry.Length} bytes, needed at most {MaxMemberBytes}");
        }

        if (entry.Length > FreeBytes && entry.Length / MaxRatio > entry.CompressedLength)
        {
            throw new DataException(
                place,
                $"found {entry.Length} bytes packed into {entry.CompressedLength}, needed at most {MaxRatio} to 1");
        }

        return FileReading.Try(place, () => Unpack(place, entry));
    }

    public void Dispose() => _zip.Dispose();

    private void Add(ZipArchiveEntry entry)
    {
        var name = entry.FullName;
        if (name.Split('/').Any(part => part is "" or "." or "..") || name.AsSpan().IndexOfAny('\\', ':') >= 0)
        {
            throw new DataException(_path, $"found the member name {CsvReader.Shorten(name)}, needed one that stays in the archive");
        }

        if (!_members.TryAdd(name, entry))
        {
            throw new DataException(_path, $"found member {CsvReader.Shorten(name)} twice, needed it once");
        }
    }

    private static byte[] Unpack(string place, ZipArchiveEntry entry)
    {
        var bytes = new byte[entry.Length];
        using var stream = entry.Open();
        stream.ReadExactly(bytes);
        if (stream.ReadByte() >= 0) { throw new DataException(place, $"found more than the {entry.Length} bytes announced"); }

        var checksum = new Crc32();
        checksum.Update(bytes);
        return (uint)checksum.Value == entry.Crc32
            ? bytes
            : throw new DataException(place, $"found checksum {checksum.Value:x8}, needed {entry.Crc32:x8}: the file is damaged");
    }
}
