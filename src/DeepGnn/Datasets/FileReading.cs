using System.IO.Compression;
using System.Text;
using ICSharpCode.SharpZipLib.BZip2;

namespace DeepGnn.Datasets;

/// <summary>Opens files so that a missing, unreadable or damaged one is an error about the data set.</summary>
internal static class FileReading
{
    /// <summary>A line of a text format; longer ones are no data of ours and must not fill memory.</summary>
    private const int MaxLineLength = 1 << 24;

    public static FileStream Open(string path) => Try(path, () => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read));

    public static long Length(string path) => Try(path, () => new FileInfo(path).Length);

    public static byte[] Bytes(string path) => Try(path, () => File.ReadAllBytes(path));

    /// <summary>Lines of a text file, unpacked on the way where its name ends in .gz or .bz2.</summary>
    public static IEnumerable<string> Lines(string path)
    {
        using var stream = Try(path, () => Unpacked(path, Open(path)));
        foreach (var line in Lines(path, stream)) { yield return line; }
    }

    /// <summary>Lines of a text stream, without their ends.</summary>
    public static IEnumerable<string> Lines(string place, Stream stream)
    {
        using var reader = new StreamReader(stream);
        var buffer = new char[1 << 16];
        var rest = new StringBuilder();
        int count;
        while ((count = Try(place, () => reader.Read(buffer))) > 0)
        {
            var start = 0;
            for (int end; (end = Array.IndexOf(buffer, '\n', start, count - start)) >= 0; start = end + 1)
            {
                yield return rest.Append(buffer, start, end - start).ToString().TrimEnd('\r');
                rest.Clear();
            }

            rest.Append(buffer, start, count - start);
            if (rest.Length > MaxLineLength) { throw new DataException(place, $"found a line of more than {MaxLineLength} characters"); }
        }

        if (rest.Length > 0) { yield return rest.ToString().TrimEnd('\r'); }
    }

    public static T Try<T>(string place, Func<T> read)
    {
        try { return read(); }
        catch (Exception error) when (IsDamage(error))
        {
            throw new DataException(place, $"cannot be read: {error.Message}", error);
        }
    }

    /// <summary>What the operating system and the unpacking libraries throw at files that are missing or not what they seem.</summary>
    public static bool IsDamage(Exception error) =>
        error is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException
        or InvalidDataException or OverflowException or IndexOutOfRangeException or ICSharpCode.SharpZipLib.SharpZipBaseException;

    private static Stream Unpacked(string path, Stream stream) => Path.GetExtension(path) switch
    {
        ".gz" => new GZipStream(stream, CompressionMode.Decompress),
        ".bz2" => new BZip2InputStream(stream),
        _ => stream,
    };
}
