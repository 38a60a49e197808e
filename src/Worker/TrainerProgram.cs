using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Worker;

/// <summary>Whether there is a program to train with; a worker without one is not ready, and claims nothing.</summary>
public sealed class TrainerProgram(WorkerSettings settings) : IHealthCheck
{
    private static string FileName => OperatingSystem.IsWindows() ? "trainer.exe" : "trainer";

    /// <summary>What is wrong with the Trainer; null when nothing is.</summary>
    public string? Fault => settings.Trainer switch
    {
        null => $"No Trainer program found beside {AppContext.BaseDirectory}: build src/Trainer, or set Worker:Trainer to its path",
        var path when !File.Exists(path) => $"Setting Worker:Trainer: there is no file {path}; needed the path of the Trainer program",
        _ => null,
    };

    /// <summary>In the folder <c>trainer</c> beside the program (installed), else where the build puts it.</summary>
    public static string? Find(string programFolder)
    {
        var configuration = new DirectoryInfo(programFolder).Name;
        string[] places =
        [
            Path.Combine(programFolder, "trainer", FileName),
            Path.Combine(programFolder, "..", "..", "Trainer", configuration, FileName),
            Path.Combine(programFolder, "..", "..", "Trainer", "release", FileName),
        ];
        return places.Select(Path.GetFullPath).FirstOrDefault(File.Exists);
    }

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(Fault is { } fault ? HealthCheckResult.Unhealthy(fault) : HealthCheckResult.Healthy());
}
