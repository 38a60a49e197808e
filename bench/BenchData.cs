using Contracts;

namespace Bench;

/// <summary>Where benchmarks look for data sets: the folders of <c>GNN_DATA</c>, then those beside a checkout.</summary>
internal static class BenchData
{
    private static readonly string Shared = Path.GetFullPath(Path.Combine("..", "shared", "data"));

    public static IReadOnlyList<string> Folders => [.. DatasetCatalog.Folders(), Shared];

    public static string File(params string[] path) => Path.Combine([Shared, .. path]);
}
