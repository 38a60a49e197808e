using System.Globalization;
using System.Text.RegularExpressions;
using Testing;

namespace House.Tests;

/// <summary>Every path, target, variable and setting that docker-compose.yml names has to exist: no engine is here to notice.</summary>
public sealed class ComposeFileTests
{
    private static readonly ComposeFile Compose = new();
    private static readonly string Dockerfile = File.ReadAllText(Path.Combine(TestFolders.Repository, "Dockerfile"));
    private static readonly Lazy<string> Sources = new(() => string.Concat(
        Directory.GetFiles(Path.Combine(TestFolders.Repository, "src"), "*.cs", SearchOption.AllDirectories).Where(path => !path.Contains("/obj/", StringComparison.Ordinal)).Select(File.ReadAllText)));

    private static IEnumerable<string> Ours => Compose.Services.Where(service => Compose.Of(service, "build") is not null);

    [Fact]
    public void Database_api_worker_and_web_are_its_services()
    {
        Assert.Equal(["db", "api", "worker", "web"], Compose.Services);
        Assert.Equal(["api", "worker", "web"], Ours);
        Assert.All(Ours, service => Assert.Equal(service, Compose.Of(service, "build", "target")));
        Assert.All(Ours, service => Assert.True(File.Exists(Path.Combine(TestFolders.Repository, (string)Compose.Of(service, "build", "context")!, "Dockerfile")), service));
    }

    [Fact]
    public void What_a_service_waits_for_exists_and_can_be_healthy()
    {
        foreach (var service in Compose.Services)
        {
            foreach (var (other, how) in Compose.MapOf(service, "depends_on"))
            {
                Assert.Contains((string)other, Compose.Services);
                var condition = Assert.IsType<Dictionary<object, object?>>(how)["condition"];
                Assert.Equal("service_healthy", condition);
                Assert.True(Compose.Of((string)other, "healthcheck") is not null || StageOf((string)other).Contains("HEALTHCHECK", StringComparison.Ordinal), $"{other} has no health check");
            }
        }
    }

    [Fact]
    public void Named_volumes_are_declared_and_mounted_on_folders_that_the_images_have()
    {
        foreach (var (service, mount) in Compose.Services.SelectMany(service => Compose.ListOf(service, "volumes").Select(mount => (service, mount))))
        {
            var parts = Regex.Replace(mount, @"\$\{[^}]*\}", "FOLDER").Split(':');
            if (parts[0] != "FOLDER") { Assert.Contains(parts[0], Compose.Volumes); }
            if (parts[0] == "data") { Assert.Contains($"mkdir {parts[1]} && chown ${{APP_UID}} {parts[1]}", Dockerfile, StringComparison.Ordinal); }
            Assert.StartsWith("/", parts[1], StringComparison.Ordinal);
            if (parts[0] == "FOLDER") { Assert.Equal((parts[1], "ro"), ((string?)Compose.Of(service, "environment", "GNN_DATA"), parts[2])); }
        }
    }

    [Fact]
    public void Every_setting_in_its_environments_is_read_by_the_programs()
    {
        foreach (var name in Ours.SelectMany(service => Compose.MapOf(service, "environment").Keys.Cast<string>()).Distinct())
        {
            var read = name.StartsWith("ConnectionStrings__", StringComparison.Ordinal)
                ? $"GetConnectionString(\"{name["ConnectionStrings__".Length..]}\")"
                : $"\"{name.Replace("__", ":", StringComparison.Ordinal)}\"";
            Assert.True(Sources.Value.Contains(read, StringComparison.Ordinal), $"{name}: no program reads {read}");
        }
    }

    [Fact]
    public void Every_variable_it_asks_for_is_told_of_in_the_documentation()
    {
        var told = File.ReadAllText(Path.Combine(TestFolders.Repository, "docs/containers.md"));
        Assert.Contains("GNN_DB_PASSWORD", Compose.Variables);
        Assert.All(Compose.Variables, variable => Assert.Contains($"`{variable}`", told, StringComparison.Ordinal));
    }

    [Fact]
    public void Published_ports_and_addresses_are_those_that_the_images_listen_on()
    {
        var listening = Regex.Match(Dockerfile, @"ASPNETCORE_HTTP_PORTS=(\d+)").Groups[1].Value;
        Assert.All(Ours.SelectMany(service => Compose.ListOf(service, "ports")), port =>
        {
            Assert.StartsWith("127.0.0.1:", port, StringComparison.Ordinal);
            Assert.EndsWith($":{listening}", port, StringComparison.Ordinal);
        });
        var api = new Uri((string)Compose.Of("web", "environment", "Api__Url")!);
        Assert.Contains(api.Host, Compose.Services);
        Assert.Equal(listening, api.Port.ToString(CultureInfo.InvariantCulture));
        Assert.Contains("Host=db;", (string)Compose.Of("api", "environment", "ConnectionStrings__Runs")!, StringComparison.Ordinal);
    }

    [Fact]
    public void A_worker_has_longer_to_leave_than_it_takes_at_most_and_reserves_a_device()
    {
        var host = Regex.Match(Sources.Value, @"host\.ShutdownTimeout = TimeSpan\.FromSeconds\((\d+)\)").Groups[1].Value;
        var grace = ((string)Compose.Of("worker", "stop_grace_period")!).TrimEnd('s');
        Assert.True(int.Parse(grace, CultureInfo.InvariantCulture) > int.Parse(host, CultureInfo.InvariantCulture), $"found a grace of {grace} s, needed more than the host's {host} s");
        Assert.NotNull(Compose.Of("worker", "deploy", "resources", "reservations", "devices"));
    }

    [Fact]
    public void No_secret_has_a_value_in_the_file()
    {
        Assert.All(Regex.Matches(Compose.Text, @"^[^#\n]*(?:PASSWORD|Password|AdminKey|Key)(?:: |=)(.+)$", RegexOptions.Multiline), found => Assert.StartsWith("${", found.Groups[1].Value, StringComparison.Ordinal));
    }

    private static string StageOf(string target) => Dockerfile.Split("\nFROM ").Single(stage => stage.Contains($" AS {target}\n", StringComparison.Ordinal));
}
