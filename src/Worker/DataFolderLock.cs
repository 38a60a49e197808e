namespace Worker;

/// <summary>
/// Says "this name is taken in this data folder" for as long as the process lives. The operating system lets go of the lock when the
/// process ends, however it ends, so a lock that can be taken proves that the one before is dead.
/// </summary>
public sealed class DataFolderLock : IDisposable
{
    private readonly FileStream file;

    private DataFolderLock(FileStream file) => this.file = file;

    /// <summary>Takes the lock <paramref name="name"/>; <paramref name="owner"/> is who asks, for the message: <c>worker "gpu-1"</c>.</summary>
    /// <exception cref="NameTakenException">Another living process holds it.</exception>
    public static DataFolderLock Take(string dataFolder, string name, string owner)
    {
        Directory.CreateDirectory(dataFolder);
        var path = Path.Combine(dataFolder, name + ".lock");
        try
        {
            return new DataFolderLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e)
        {
            throw new NameTakenException($"{owner} is running already in data folder {Path.GetFullPath(dataFolder)} (its lock {path} is held). Stop it, or choose another name or folder.", e);
        }
    }

    public void Dispose() => file.Dispose();
}
