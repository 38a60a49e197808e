using static TorchSharp.torch;

namespace DeepGnn.Runtime;

/// <summary>Tensors that stay for the whole training.</summary>
internal static class OwnMemory
{
    /// <summary>
    /// A tensor with its values in libtorch's memory. TorchSharp's own tensor of an array is a second array, pinned: around it nothing can be
    /// compacted, and what the collector frees there stays resident (<see cref="ManagedHeap.GiveBack"/>).
    /// </summary>
    /// <param name="values">Row-major values.</param>
    /// <param name="device">Where the tensor lives.</param>
    /// <param name="shape">Lengths whose product is the number of values; none for one dimension.</param>
    public static Tensor Copy<T>(T[] values, Device device, params long[] shape) where T : unmanaged
    {
        using var pinned = from_array(values);
        using var shaped = pinned.reshape(shape.Length == 0 ? [values.Length] : shape);
        return shaped.to(device, copy: true);
    }
}
