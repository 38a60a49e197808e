namespace DeepGnn.Interchange;

/// <summary>Files that appear under their name only when they are whole and on the disk.</summary>
internal static class DurableFile
{
    /// <param name="path">The name.</param>
    /// <param name="write">Fills the file; may read what it wrote.</param>
    /// <exception cref="IOException">The file cannot be written; the temporary one is gone, an older one stays.</exception>
    public static void Write(string path, Action<FileStream> write)
    {
        var temporary = path + ".tmp";
        try
        {
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.ReadWrite))
            {
                write(file);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
