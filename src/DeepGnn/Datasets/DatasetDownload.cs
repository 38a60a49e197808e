using System.Security.Cryptography;
using Contracts;

namespace DeepGnn.Datasets;

/// <summary>
/// Fetches the files of a data set into a cache folder. A file comes under its name only when it is whole and its SHA-256 is the one of
/// the catalogue, so a broken or tampered download is never read, and two processes may fetch the same set at once.
/// </summary>
/// <param name="cacheFolder">Where the set's first place is made: see <see cref="DatasetCatalog.CacheFolder"/>.</param>
/// <param name="client">Carries the requests; the caller's to dispose.</param>
public sealed class DatasetDownload(string cacheFolder, HttpClient client)
{
    /// <summary>Larger than any file of the catalogue by far.</summary>
    private const long MaxBytes = 4L << 30;

    /// <summary>A client that gives up soon where there is no network.</summary>
    public static HttpClient NewClient() =>
        new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5) }) { Timeout = TimeSpan.FromMinutes(10) };

    /// <returns>Full paths of the entry's files, in their order.</returns>
    /// <exception cref="DataException">A file cannot be fetched, is too large, or is not the one the catalogue means: names address, found
    /// and needed.</exception>
    public IReadOnlyList<string> Fetch(DatasetEntry entry)
    {
        var folder = Path.Combine(cacheFolder, entry.Places[0]);
        try { Directory.CreateDirectory(folder); }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException(folder, $"cannot be made for downloads: {error.Message}", error);
        }

        return [.. entry.Files.Select(file => Fetch(file, Path.Combine(folder, file.Name)))];
    }

    private string Fetch(DatasetFile file, string path)
    {
        if (File.Exists(path)) { return path; }
        if (file is not { Url: { } url, Sha256: { } needed })
        {
            throw new DataException(path, "found no pinned address and checksum in the catalogue: place the file by hand");
        }

        var partial = $"{path}.{Guid.NewGuid():N}.part";
        try
        {
            var found = Receive(url, partial);
            if (found != needed) { throw new DataException(url, $"found content of SHA-256 {found}, needed {needed}"); }

            File.Move(partial, path, overwrite: true);
            return path;
        }
        catch (Exception error) when (error is HttpRequestException or IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            throw new DataException(
                url,
                $"cannot be fetched: {error.Message} Place {file.Name} in one of the folders of {DatasetCatalog.FoldersVariable} instead.", error);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    /// <summary>Writes and hashes at once, so memory does not depend on the size.</summary>
    private string Receive(string url, string partial)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        using var response = client.Send(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var content = response.Content.ReadAsStream();
        using var file = new FileStream(partial, FileMode.CreateNew);
        var buffer = new byte[1 << 16];
        for (long total = 0; ;)
        {
            var read = content.Read(buffer);
            if (read == 0) { break; }
            if ((total += read) > MaxBytes)
            {
                throw new DataException(url, $"found more than {MaxBytes} bytes, needed a data set of the catalogue");
            }

            hash.AppendData(buffer, 0, read);
            file.Write(buffer, 0, read);
        }

        // On disk before the name is: a power cut must not leave an empty file under a trusted name.
        file.Flush(flushToDisk: true);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
