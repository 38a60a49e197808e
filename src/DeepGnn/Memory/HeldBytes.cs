using DeepGnn.Runtime;
using static TorchSharp.torch;

namespace DeepGnn.Memory;

/// <summary>Bytes that something keeps in .NET arrays and tensors.</summary>
/// <param name="Bytes">All of them, on any device.</param>
/// <param name="Counted">Those among them that <see cref="TensorMemory"/> counts: of large tensors on the CPU.</param>
public readonly record struct HeldBytes(long Bytes, long Counted)
{
    /// <summary>Sums of both.</summary>
    public static HeldBytes operator +(HeldBytes one, HeldBytes other) => new(one.Bytes + other.Bytes, one.Counted + other.Counted);

    /// <summary>Of arrays of 4-byte numbers; null counts nothing.</summary>
    internal static HeldBytes OfArrays(params ReadOnlySpan<Array?> arrays)
    {
        var sum = 0L;
        foreach (var array in arrays) { sum += 4L * (array?.Length ?? 0); }
        return new(sum, 0);
    }

    /// <summary>Of tensors; null counts nothing.</summary>
    internal static HeldBytes OfTensors(params IEnumerable<Tensor?> tensors)
    {
        var sum = default(HeldBytes);
        foreach (var tensor in tensors)
        {
            if (tensor is null) { continue; }
            var bytes = tensor.numel() * tensor.element_size();
            sum += new HeldBytes(bytes, bytes >= TorchAllocator.Least && tensor.device_type == TorchSharp.DeviceType.CPU ? bytes : 0);
        }

        return sum;
    }
}
