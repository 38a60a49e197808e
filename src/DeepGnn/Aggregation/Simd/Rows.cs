using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation.Simd;

/// <summary>Raw rows of CPU tensors and scratch memory.</summary>
internal static unsafe class Rows
{
    /// <summary>First element of a contiguous CPU tensor; valid while the tensor lives.</summary>
    public static T* Of<T>(Tensor? tensor) where T : unmanaged
    {
        if (tensor is null || tensor.numel() == 0) { return null; }
        return (T*)tensor.storage<T>().data_ptr() + tensor.storage_offset();
    }

    /// <summary>Memory for <paramref name="count"/> values, aligned for vectors.</summary>
    public static Scratch<T> Scratch<T>(int count) where T : unmanaged => new(count);
}

/// <summary>Unmanaged memory of one piece of work.</summary>
internal readonly unsafe ref struct Scratch<T>(int count) where T : unmanaged
{
    private readonly T* _first = (T*)NativeMemory.AlignedAlloc((nuint)Math.Max(1, count) * (nuint)sizeof(T), 64);

    public T* At(int offset) => _first + offset;

    public void Dispose() => NativeMemory.AlignedFree(_first);
}
