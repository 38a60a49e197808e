using static TorchSharp.torch;

namespace DeepGnn.Backbones;

/// <summary>
/// Activations kept on the way forward through a reversible stack: at the input of every K-th layer the whole of it, at the stack's own some
/// rows. On the way back they say how far the inverted activations are off, and the whole ones take their place.
/// </summary>
internal sealed class Anchors(int every) : IDisposable
{
    private const int SampledRows = 256;
    private readonly Dictionary<int, Tensor[]> _kept = [];

    /// <summary>Largest relative error ‖x̂ − x‖/‖x‖ (Frobenius norms) seen on the way back.</summary>
    public double Error { get; private set; }

    /// <summary>On the way forward, before layer <paramref name="layer"/>, counted from 0.</summary>
    public void Keep(int layer, Tensor[] parts)
    {
        if (IsKept(layer)) { _kept[layer] = Array.ConvertAll(parts, part => (layer == 0 ? Rows(part) : part.clone()).DetachFromDisposeScope()); }
    }

    /// <summary>On the way back, after layer <paramref name="layer"/> was inverted: <paramref name="parts"/> become the anchor's.</summary>
    public void Correct(int layer, Tensor[] parts)
    {
        if (!IsKept(layer)) { return; }
        _kept.Remove(layer, out var kept);
        using (var scope = NewDisposeScope())
        {
            var (apart, length) = (0.0, 0.0);
            foreach (var (found, right) in (layer == 0 ? Array.ConvertAll(parts, Rows) : parts).Zip(kept!))
            {
                apart += Math.Pow((found - right).norm().to(float64).item<double>(), 2);
                length += Math.Pow(right.norm().to(float64).item<double>(), 2);
            }

            if (length > 0) { Error = Math.Max(Error, Math.Sqrt(apart / length)); }
        }

        for (var i = 0; i < parts.Length; i++)
        {
            if (layer == 0) { kept![i].Dispose(); }
            else
            {
                parts[i].Dispose();
                parts[i] = kept![i];
            }
        }
    }

    /// <summary>Of a pass that never went back.</summary>
    public void Dispose()
    {
        foreach (var part in _kept.Values.SelectMany(parts => parts)) { part.Dispose(); }
        _kept.Clear();
    }

    private bool IsKept(int layer) => layer == 0 || (every > 0 && layer % every == 0);

    /// <summary>About 256 rows of x, evenly apart.</summary>
    private static Tensor Rows(Tensor x)
    {
        using var scope = NewDisposeScope();
        var step = Math.Max(1, x.shape[0] / SampledRows);
        return x.index_select(0, arange(0, x.shape[0], step, int64, x.device)).MoveToOuterDisposeScope();
    }
}
