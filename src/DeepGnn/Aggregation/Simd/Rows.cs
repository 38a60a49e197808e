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

/// <summary>Unmanaged memory of one piece of work; freed on the thread that asked for it, the last one first.</summary>
internal readonly unsafe ref struct Scratch<T> where T : unmanaged
{
    private readonly ScratchStack _stack = ScratchStack.OfThread;
    private readonly T* _first;

    public Scratch(int count) => _first = (T*)_stack.Take((nuint)Math.Max(1, count) * (nuint)sizeof(T));

    public T* At(int offset) => _first + offset;

    public void Dispose() => _stack.Return();
}

/// <summary>
/// A thread's scratch memory, used again by the next pass: asked of the C library each time, aligned blocks of all sizes between what stays (the state of an
/// optimiser, say) would leave gaps that nothing fits in.
/// </summary>
internal sealed unsafe class ScratchStack
{
    private const nuint KeptBytes = 1 << 20;

    [ThreadStatic] private static ScratchStack? s_ofThread;

    /// <summary>That of the calling thread.</summary>
    public static ScratchStack OfThread => s_ofThread ??= new();

    private readonly List<(nint Memory, nuint Bytes)> _blocks = [];
    private int _used;

    /// <summary>Memory aligned for vectors.</summary>
    public void* Take(nuint bytes)
    {
        if (_used == _blocks.Count) { _blocks.Add(default); }
        var block = _blocks[_used];
        if (block.Bytes < bytes)
        {
            NativeMemory.AlignedFree((void*)block.Memory);
            _blocks[_used] = default; // should there be no memory
            block = ((nint)NativeMemory.AlignedAlloc(bytes, 64), bytes);
            _blocks[_used] = block;
        }

        _used++;
        return (void*)block.Memory;
    }

    /// <summary>Gives back what was taken last.</summary>
    public void Return()
    {
        var block = _blocks[--_used];
        if (block.Bytes <= KeptBytes) { return; }
        NativeMemory.AlignedFree((void*)block.Memory);
        _blocks[_used] = default;
    }

    ~ScratchStack()
    {
        foreach (var block in _blocks) { NativeMemory.AlignedFree((void*)block.Memory); }
    }
}
