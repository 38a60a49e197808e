using System.Reflection;
using Xunit;

namespace Testing;

/// <summary>Where the repository is, and the folder of data sets and golden vectors beside it (<c>GNN_SHARED</c>, default ../shared).</summary>
public static class TestFolders
{
    public static string Repository { get; } =
        typeof(TestFolders).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;

    public static string Shared { get; } =
        Path.GetFullPath(Environment.GetEnvironmentVariable("GNN_SHARED") ?? Path.Combine(Repository, "..", "shared"));

    public static string Data => Path.Combine(Shared, "data");

    /// <summary>A file or folder of the shared data; the test is skipped, loudly, where it is missing.</summary>
    public static string RequireData(params string[] parts)
    {
        var path = Path.Combine([Data, .. parts]);
        Assert.SkipUnless(Path.Exists(path), $"data set missing: {path} (set GNN_SHARED to the folder that holds data/)");
        return path;
    }

    /// <summary>A fresh folder that lives as long as the returned value.</summary>
    public static TemporaryFolder NewTemporary() => new();
}

public sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("gnn-test-").FullName;

    public void Dispose()
    {
        if (Directory.Exists(Path)) { Directory.Delete(Path, recursive: true); }
    }

    public string File(string name) => System.IO.Path.Combine(Path, name);
}
