using DeepGnn.Runtime;

namespace DeepGnn.Memory;

/// <summary>Bytes of the CPU's tensors that are alive, counted where they are allocated: those of 64 KiB and more, rounded up to pages.</summary>
public static class TensorMemory
{
    /// <summary>Alive now; 0 where the system's allocator is used (<c>GNN_ALLOCATOR=system</c>).</summary>
    public static long Live => TorchAllocator.Cache.InUse;

    /// <summary>The most that was alive at once since the last <see cref="StartPeak"/>.</summary>
    public static long Peak => TorchAllocator.Cache.PeakInUse;

    /// <summary>Freed, but held for the next tensors of these sizes.</summary>
    public static long Kept => TorchAllocator.Cache.Kept;

    /// <summary>Lets the peak begin again from what is alive now.</summary>
    public static void StartPeak() => TorchAllocator.Cache.StartPeak();
}
