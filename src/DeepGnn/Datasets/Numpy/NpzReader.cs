namespace DeepGnn.Datasets.Numpy;

/// <summary>A <c>.npz</c> file: a zip of <c>.npy</c> arrays, each read when asked for.</summary>
internal sealed class NpzReader(string path) : IDisposable
{
    private readonly ZipMembers _members = new(path);

    /// <summary>Names of the arrays, without ".npy".</summary>
    public IEnumerable<string> Names => _members.Names.Select(name => name.EndsWith(".npy", StringComparison.Ordinal) ? name[..^4] : name);

    public bool Has(string name) => _members.Has(name + ".npy");

    public NumpyArray Read(string name) => Has(name)
        ? NpyReader.Read($"{path}: {name}.npy", _members.Read(name + ".npy"))
        : throw new DataException(path, $"found the arrays {string.Join(", ", Names.Take(20))}, needed {name}");

    public void Dispose() => _members.Dispose();
}
