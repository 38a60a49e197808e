using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Contracts;
using Testing;

namespace EndToEnd.Tests;

/// <summary>The one process as a whole: small, quick to be ready, alone on its folder, with all its files.</summary>
public sealed partial class StandaloneTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryFolder data = TestFolders.NewTemporary();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task The_service_is_ready_soon_and_idles_small()
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        await using var service = await Service.Start(data.Path);
        output.WriteLine($"ready after {clock.Elapsed.TotalSeconds:0.00} s and {service.ProcessorTime.TotalSeconds:0.00} s of processor time");

        // Processor time, for the machine may be busy with other things.
        Assert.InRange(service.ProcessorTime.TotalSeconds, 0, 5);
        foreach (var page in (string[])["/", "/api/v1/runs", "/health/ready"]) { await service.Http.GetStringAsync(page, Service.Token); }
        var resident = LinuxProcess.ResidentBytes(service.Id);
        output.WriteLine($"idle memory {resident / 1_000_000} MB");
        Assert.InRange(resident, 1, 300_000_000);
        Assert.DoesNotContain("torch", await File.ReadAllTextAsync($"/proc/{service.Id}/maps", Service.Token), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task The_dashboard_finds_every_file_it_names()
    {
        await using var service = await Service.Start(data.Path);
        var page = await service.Http.GetStringAsync("/", Service.Token);
        var files = AssetPattern().Matches(page).Select(match => match.Groups[1].Value).Where(path => !path.StartsWith("http", StringComparison.Ordinal)).Distinct().ToList();
        Assert.Contains(files, path => path.Contains("MudBlazor", StringComparison.Ordinal));
        Assert.Contains(files, path => path.Contains("blazor.web", StringComparison.Ordinal));
        foreach (var path in files)
        {
            var answer = await service.Http.GetAsync(path, Service.Token);
            Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{path}: {answer.StatusCode}");
            Assert.NotEmpty(await answer.Content.ReadAsByteArrayAsync(Service.Token));
        }
    }

    [Fact]
    public async Task A_second_service_on_one_data_folder_is_refused_with_a_reason()
    {
        await using var service = await Service.Start(data.Path);
        var (exitCode, said) = await Service.StartRefused(data.Path, "--Worker:Name", "another");
        Assert.Equal(1, exitCode);
        Assert.Contains("GnnService is running already in data folder", said, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_without_its_trainer_says_so_instead_of_being_ready()
    {
        await using var service = await Service.StartListening(data.Path, "--Worker:Trainer", data.File("nowhere"));
        var answer = await service.Http.GetAsync("/health/ready", Service.Token);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains(data.File("nowhere"), await answer.Content.ReadAsStringAsync(Service.Token), StringComparison.Ordinal);
        Assert.True((await service.Http.GetAsync("/health/live", Service.Token)).IsSuccessStatusCode);
    }

    [Fact]
    public async Task Logs_are_lines_of_JSON_that_name_run_and_attempt_where_a_setting_says_so()
    {
        await using var service = await Service.StartListening(data.Path, "--Gnn:Logs", "json");
        var run = await service.Post(Specs.Karate(epochs: 2));
        await service.RunThatIs(RunStatus.Succeeded, run.Id);
        var lines = service.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith("GnnService is at", StringComparison.Ordinal))
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line)).ToList();
        var started = lines.Single(line => line.GetProperty("Message").GetString()!.Contains("Trainer process", StringComparison.Ordinal));
        var scope = started.GetProperty("Scopes").EnumerateArray().Single(each => each.TryGetProperty("run", out _));
        Assert.Equal((run.Id.ToString(), "1"), (scope.GetProperty("run").ToString(), scope.GetProperty("attempt").ToString()));

        var (exitCode, said) = await Service.StartRefused(data.File("other"), "--Gnn:Logs", "xml");
        Assert.NotEqual(0, exitCode);
        Assert.Contains("Setting Gnn:Logs: found \"xml\", needed \"text\" or \"json\"", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Standalone")]
    [InlineData("Api")]
    [InlineData("Worker")]
    [InlineData("Web")]
    public void An_output_that_does_not_train_contains_no_libtorch(string project)
    {
        var files = Directory.GetFiles(Path.Combine(TestFolders.Repository, "artifacts/bin", project, "release"), "*", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        Assert.DoesNotContain(files, file => Path.GetFileName(file).Contains("torch", StringComparison.OrdinalIgnoreCase));
    }

    [GeneratedRegex("(?:src|href)=\"([^\"#?]+\\.(?:js|css|svg|woff2))\"")]
    private static partial Regex AssetPattern();
}
