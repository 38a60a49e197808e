using System.Xml.Linq;
using Testing;

namespace House.Tests;

public sealed class ProjectReferenceTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Contracts"] = [],
        ["DeepGnn"] = ["Contracts"],
        ["Trainer"] = ["DeepGnn"],
        ["Runs"] = ["Contracts"],
        ["Api"] = ["Runs"],
        ["Worker"] = ["Runs"],
        ["Web"] = ["Contracts"],
        ["Cli"] = ["Contracts"],
        ["Standalone"] = ["Api", "Worker", "Web"],
    };

    public static TheoryData<string> Projects =>
        [.. Directory.GetDirectories(Path.Combine(TestFolders.Repository, "src")).Select(folder => Path.GetFileName(folder)!).Order()];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_only_what_the_house_allows(string project)
    {
        Assert.True(Allowed.TryGetValue(project, out var allowed), $"src/{project} has no place in the house: add it to docs/architecture.md and here");
        var found = References(project, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path)!);
        Assert.Empty(found.Except(allowed!));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Only_the_engine_brings_libtorch(string project)
    {
        var torch = References(project, "PackageReference").Where(name => name.Contains("torch", StringComparison.OrdinalIgnoreCase));
        if (project != "DeepGnn") { Assert.Empty(torch); }
    }

    [Fact]
    public void Contracts_has_no_packages() => Assert.Empty(References("Contracts", "PackageReference"));

    private static IEnumerable<string> References(string project, string kind) =>
        XDocument.Load(Path.Combine(TestFolders.Repository, "src", project, $"{project}.csproj"))
            .Descendants(kind).Select(element => (string)element.Attribute("Include")!);
}
