using System.Diagnostics;
using System.Text.Json;
using DeepGnn.Memory;

namespace Bench;

/// <summary>What one row took: seconds a repetition and the highest resident memory above what was resident before the first one; processor seconds of all
/// threads say more than seconds where other programs run.</summary>
internal sealed record Measurement(string Row, double Median, double Min, double Max, double CpuMin, double PeakMiBAboveBase, int Threads)
{
    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>Repeats <paramref name="work"/> after a warm-up (code is compiled then) until there are enough figures for a median.</summary>
    public static Measurement Of(string row, int threads, Action work, int warmUps = 3, double seconds = 12, int most = 200)
    {
        GC.Collect();
        var before = ProcessMemory.Resident();
        ProcessMemory.ResetPeak();
        for (var i = 0; i < warmUps; i++) { work(); }
        var taken = new List<double>();
        var cpu = double.MaxValue;
        while (taken.Count < 5 || (taken.Sum() < seconds && taken.Count < most))
        {
            var (watch, used) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
            work();
            cpu = Math.Min(cpu, (Environment.CpuUsage.TotalTime - used).TotalSeconds);
            taken.Add(watch.Elapsed.TotalSeconds);
        }

        var peak = (ProcessMemory.Peak() - before) / 1048576.0;
        taken.Sort();
        return new(row, Rounded(taken[taken.Count / 2]), Rounded(taken[0]), Rounded(taken[^1]), Rounded(cpu), Math.Round(peak, 1), threads);
    }

    public string ToJson() => JsonSerializer.Serialize(this, s_json);

    private static double Rounded(double seconds) => Math.Round(seconds, 5);
}
