namespace DeepGnn.Datasets;

/// <summary>Opens files so that a missing or unreadable one is an error about the data set.</summary>
internal static class FileReading
{
    public static FileStream Open(string path) => Try(path, () => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read));

    public static long Length(string path) => Try(path, () => new FileInfo(path).Length);

    public static byte[] Bytes(string path) => Try(path, () => File.ReadAllBytes(path));

    public static IEnumerable<string> Lines(string path)
    {
        using var reader = new StreamReader(Open(path));
        while (Try(path, reader.ReadLine) is { } line) { yield return line; }
    }

    private static T Try<T>(string path, Func<T> read)
    {
        try { return read(); }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new DataException(path, $"cannot be read: {error.Message}", error);
        }
    }
}
