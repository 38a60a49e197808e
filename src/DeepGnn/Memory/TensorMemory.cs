using DeepGnn.Runtime;

namespace DeepGnn.Memory;

/// <summary>Bytes of the CPU's tensors that are alive, counted where they are allocated: those of 64 KiB and more, rounded up to pages.</summary>
public static class TensorMemory
{
    /// <summary>Whether they are counted: on Linux x64, unless <c>GNN_ALLOCATOR=system</c> asks for the system's allocator.</summary>
    public static bool IsCounted => TorchAllocator.IsInstalled;

    /// <summary>Alive now; 0 where they are not counted.</summary>
    public static long Live => TorchAllocator.Cache.InUse;

    /// <summary>The most that was alive at once since the last <see cref="StartPeak"/>.</summary>
    public static long Peak => TorchAllocator.Cache.PeakInUse;

    /// <summary>Freed, but held for the next tensors of these sizes.</summary>
    public static long Kept => TorchAllocator.Cache.Kept;

    /// <summary>Lets the peak begin again from what is alive now.</summary>
    public static void StartPeak() => TorchAllocator.Cache.StartPeak();
}
