using static TorchSharp.torch;

namespace DeepGnn.Aggregation;

/// <summary>
/// Frees what a custom backward step leaves behind. TorchSharp hands the gradients of a backward step to libtorch as handles that nobody
/// disposes before the training step's scope ends, so memory would grow with depth: here the handles of one step are freed at the next.
/// Steps may nest (a step that differentiates inside itself).
/// </summary>
internal static class BackwardScope
{
    [ThreadStatic] private static List<Tensor>? s_handed;

    /// <summary>Runs one backward step in a scope of its own; <paramref name="step"/> gives one gradient or null for each forward argument.</summary>
    public static List<Tensor> Run(Tensor g, Func<Tensor, Tensor?[]> step)
    {
        Free();
        using var scope = NewDisposeScope();
        var gradients = step(g.contiguous());
        Free(); // of the steps inside this one
        s_handed = [.. gradients.OfType<Tensor>()];
        foreach (var gradient in s_handed) { gradient.DetachFromDisposeScope(); }
        g.Dispose();
        return gradients.ToList()!;
    }

    /// <summary>Frees the handles of the last step, for a step that has used the gradients of the steps inside it and goes on.</summary>
    public static void Free()
    {
        if (s_handed is null) { return; }
        foreach (var tensor in s_handed) { tensor.Dispose(); }
        s_handed = null;
    }
}
