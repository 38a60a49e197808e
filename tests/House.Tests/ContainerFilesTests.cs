using System.Text.RegularExpressions;
using Testing;

namespace House.Tests;

/// <summary>What Dockerfile and docker-compose.yml name has to exist: nobody notices here when a path moves.</summary>
public sealed partial class ContainerFilesTests
{
    private static readonly string Dockerfile = File.ReadAllText(Path.Combine(TestFolders.Repository, "Dockerfile"));
    private static readonly string Compose = File.ReadAllText(Path.Combine(TestFolders.Repository, "docker-compose.yml"));

    [Fact]
    public void Everything_that_is_copied_from_the_repository_exists_and_is_not_ignored()
    {
        var kept = File.ReadAllLines(Path.Combine(TestFolders.Repository, ".dockerignore")).Where(line => line.StartsWith('!')).Select(line => line[1..].Replace("/**", "", StringComparison.Ordinal)).ToHashSet();
        var copied = CopyFromRepository().Matches(Dockerfile).SelectMany(match => match.Groups[1].Value.Split(' ')[..^1]).ToList();
        Assert.NotEmpty(copied);
        Assert.All(copied, path => Assert.True(Path.Exists(Path.Combine(TestFolders.Repository, path)), path));
        Assert.All(copied, path => Assert.Contains(path, kept));
    }

    [Fact]
    public void Every_project_that_is_published_exists_and_its_program_is_what_starts()
    {
        var published = Published().Matches(Dockerfile).Select(match => match.Groups[1].Value).ToList();
        Assert.Contains("Trainer", published);
        Assert.All(published, project => Assert.True(File.Exists(Path.Combine(TestFolders.Repository, "src", project, $"{project}.csproj")), project));
        Assert.All(EntryPoint().Matches(Dockerfile), match => Assert.Contains(match.Groups[1].Value, published));
    }

    [Fact]
    public void Every_target_of_the_compose_file_is_a_stage_that_does_not_run_as_root()
    {
        var stages = Dockerfile.Split("\nFROM ")[1..].ToDictionary(stage => Stage().Match(stage).Groups[1].Value);
        var targets = Target().Matches(Compose).Select(match => match.Groups[1].Value).ToList();
        Assert.Equal(["api", "worker", "web"], targets);
        Assert.All(targets, target => Assert.Contains("USER ${APP_UID}", stages[target], StringComparison.Ordinal));
    }

    [Fact]
    public void Every_build_argument_of_the_compose_file_is_one_of_the_Dockerfile()
    {
        var arguments = Argument().Matches(Compose).Select(match => match.Groups[1].Value).ToList();
        Assert.Contains("TORCH_BACKEND", arguments);
        Assert.All(arguments, argument => Assert.Contains($"ARG {argument}=", Dockerfile, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"^COPY (?!--from)(.+)$", RegexOptions.Multiline)]
    private static partial Regex CopyFromRepository();

    [GeneratedRegex(@"dotnet publish src/(\w+) ")]
    private static partial Regex Published();

    [GeneratedRegex(@"ENTRYPOINT \[""dotnet"", ""(\w+)\.dll""\]")]
    private static partial Regex EntryPoint();

    [GeneratedRegex(@" AS (\w+)")]
    private static partial Regex Stage();

    [GeneratedRegex(@"^ +target: (\w+)$", RegexOptions.Multiline)]
    private static partial Regex Target();

    [GeneratedRegex(@"^ {8}(\w+): \$\{", RegexOptions.Multiline)]
    private static partial Regex Argument();
}
