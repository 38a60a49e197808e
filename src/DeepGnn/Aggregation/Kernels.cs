using DeepGnn.Aggregation.Simd;
using DeepGnn.Aggregation.Torch;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation;

/// <summary>The one place that chooses between the two kernel sets.</summary>
public static class Kernels
{
    [ThreadStatic] private static KernelSet? s_asked;

    /// <summary>
    /// Until the result is disposed, aggregations begun on this thread use <paramref name="set"/> where the tensor allows it. Their backward
    /// passes use the set of their forward pass. Without it, CPU tensors use <see cref="KernelSet.Simd"/>, all others <see cref="KernelSet.Torch"/>.
    /// </summary>
    public static IDisposable Use(KernelSet set)
    {
        var restored = new Restored(s_asked);
        s_asked = set;
        return restored;
    }

    /// <summary>Whether aggregations of <paramref name="x"/> are C# kernels.</summary>
    internal static bool AreSimd(Tensor x) => For(x) is not TorchKernels;

    internal static EdgeKernels For(Tensor x)
    {
        if (s_asked == KernelSet.Torch || x.device_type != DeviceType.CPU) { return TorchKernels.Instance; }
        return x.dtype switch
        {
            ScalarType.Float32 => SimdKernels<float>.Instance,
            ScalarType.Float64 => SimdKernels<double>.Instance,
            _ => TorchKernels.Instance,
        };
    }

    private sealed class Restored(KernelSet? before) : IDisposable
    {
        public void Dispose() => s_asked = before;
    }
}
