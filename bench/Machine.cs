using System.Diagnostics;
using DeepGnn.Runtime;
using static TorchSharp.torch;

namespace Bench;

/// <summary>What the machine can do: the rates that floors are counted with.</summary>
internal static class Machine
{
    public static void Print(int threads)
    {
        TorchRuntime.Start(0, threads);
        using var scope = NewDisposeScope();
        var (a, b) = (randn(2048, 2048), randn(2048, 2048));
        var (tall, map) = (randn(20_000, 128), randn(128, 256));
        var (from, to) = (randn(1 << 25), empty(1 << 25));
        var square = 2 * Math.Pow(2048, 3) / Fastest(() => a.matmul(b).Dispose()) / 1e9;
        var layer = 2.0 * 20_000 * 128 * 256 / Fastest(() => tall.matmul(map).Dispose()) / 1e9;
        var copied = 2.0 * 4 * (1 << 25) / Fastest(() => to.copy_(from)) / 1e9;
        Console.WriteLine(FormattableString.Invariant(
            $"{{\"threads\":{threads},\"gflopsSquare2048\":{square:F0},\"gflops20000x128x256\":{layer:F0},\"copyGBs\":{copied:F1}}}"));
    }

    private static double Fastest(Action work)
    {
        var fastest = double.MaxValue;
        for (var i = 0; i < 20; i++)
        {
            var watch = Stopwatch.StartNew();
            work();
            fastest = Math.Min(fastest, watch.Elapsed.TotalSeconds);
        }

        return fastest;
    }
}
