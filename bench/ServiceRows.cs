using System.Globalization;

namespace Bench;

/// <summary>What the service takes: one line a figure, <c>{"row":"ingest","value":…,"unit":"points/s"}</c>.</summary>
internal static class ServiceRows
{
    private static readonly Dictionary<string, Func<Task>> Rows = new()
    {
        ["ingest"] = ServiceStoreRows.Ingest,
        ["claim"] = ServiceStoreRows.Claim,
        ["list"] = ServiceStoreRows.List,
        ["first-epoch"] = ServiceLiveRows.FirstEpoch,
        ["hub"] = ServiceLiveRows.Viewers,
        ["streaming"] = ServiceStreaming.Run,
    };

    public static async Task<int> Run(string? rows)
    {
        // What the training processes inherit: one thread each, so that the service has a core of its own.
        Environment.SetEnvironmentVariable("GNN_THREADS", "1");
        Environment.SetEnvironmentVariable("OMP_WAIT_POLICY", "passive");
        var failed = 0;
        foreach (var name in rows?.Split(',') ?? [.. Rows.Keys])
        {
            try { await Rows[name](); }
            catch (Exception failure) when (failure is InvalidOperationException or TimeoutException or HttpRequestException or KeyNotFoundException)
            {
                failed++;
                Console.Error.WriteLine($"{name}: {failure.Message}");
            }
        }
        return failed == 0 ? 0 : 1;
    }

    public static void Print(string row, double value, string unit) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{{\"row\":\"{row}\",\"value\":{Math.Round(value, 3)},\"unit\":\"{unit}\"}}"));

    /// <summary>The value that <paramref name="share"/> of all do not exceed.</summary>
    public static double Quantile(IEnumerable<double> values, double share)
    {
        double[] sorted = [.. values.Order()];
        return sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];
    }
}
