using System.Text.Json;
using Contracts;
using DeepGnn.Memory;
using DeepGnn.Runtime;

namespace Bench;

/// <summary>Peak memory of three training steps by depth and by what is kept; README.md defines each row.</summary>
internal static class MemoryRows
{
    private const double MiB = 1 << 20;

    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static IReadOnlyList<string> Names { get; } =
    [
        "revsage-7", "revsage-28", "revsage-112", "revsage-448", "revsage-7-default", "revsage-112-default", "revsage-448-default",
        "resgcn-7", "resgcn-28", "resgcn-56", "resgcn-28-recomputed", "resgcn-56-recomputed", "revgen-7", "revgen-112", "revgen-1001", "revgen-1001-tied",
    ];

    /// <summary>Measures one row in this process.</summary>
    public static string Run(string row, int threads)
    {
        TorchRuntime.Start(0, threads);
        var name = row.Split('-');
        var (layers, option) = (int.Parse(name[1]), name.Length > 2 ? name[2] : "");
        var model = PeerRows.ResGcn(layers);
        model = name[0] switch
        {
            "revsage" => PeerRows.RevSage(layers),
            "revgen" => model with { Backbone = Backbone.Reversible, TieWeights = option == "tied" },
            "resgcn" => model,
            _ => throw new ArgumentException($"row: found {row}, needed one of {string.Join(", ", Names)}"),
        };
        var training = option == "recomputed" ? new TrainingSpec { Recompute = Recompute.Sqrt }
            : name[0] == "revsage" && option == "" ? PeerRows.InSinglePrecision(layers)
            : new TrainingSpec();
        using var step = new TrainingStep(BenchGraph.Make(), model, keep: training);
        GC.Collect();
        var before = ProcessMemory.Resident();
        ProcessMemory.ResetPeak();
        TensorMemory.StartPeak();
        for (var i = 0; i < 3; i++) { step.Run(); }
        var parameters = step.ParameterBytes / MiB;
        return JsonSerializer.Serialize(
            new
            {
                row,
                PeakMiBAboveBase = Rounded((ProcessMemory.Peak() - before) / MiB),
                ParameterMiB = Rounded(parameters),
                OptimizerMiB = Rounded(2 * parameters), // Adam's two moments
                LivePeakMiB = Rounded(TensorMemory.Peak / MiB),
                InversionError = step.InversionError is { } error && double.IsFinite(error) ? error : (double?)null,
                threads,
            },
            s_json);
    }

    private static double Rounded(double mib) => Math.Round(mib, 1);
}
