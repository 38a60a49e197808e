using Contracts;

namespace DeepGnn.Memory;

/// <summary>Which figures are worth reporting: those of the first epoch, those that differ from the last ones reported, and the last ones.</summary>
public sealed class MemoryChanges
{
    private const double Share = 0.01;
    private long?[]? _last;

    /// <summary>Whether none were reported yet.</summary>
    public bool IsEmpty => _last is null;

    /// <summary>Whether to report them; they are the last ones then.</summary>
    public bool Take(MemoryEvent figures, bool last)
    {
        var now = Values(figures);
        if (_last is not null && !last && !now.Zip(_last).Any(pair => Differ(pair.First, pair.Second))) { return false; }
        _last = now;
        return true;
    }

    private static bool Differ(long? now, long? before) => now is { } a && before is { } b ? Math.Abs(a - b) > Share * b : (now is null) != (before is null);

    private static long?[] Values(MemoryEvent figures) =>
    [
        figures.Live.ParameterBytes, figures.Live.GradientBytes, figures.Live.OptimizerBytes, figures.Live.ActivationBytes, figures.Live.GraphBytes, figures.Live.BatchBytes,
        .. new[] { figures.Forward, figures.Backward, figures.Optimizer, figures.Evaluation }.SelectMany(phase => new[] { phase?.ResidentPeakBytes, phase?.LivePeakBytes }),
        figures.Device?.UsedBytes, figures.Device?.PeakBytes, figures.Device?.DeviceUsedBytes,
    ];
}
