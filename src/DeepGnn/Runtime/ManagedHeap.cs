namespace DeepGnn.Runtime;

/// <summary>
/// Keeps the garbage of a deep stack small. Wrappers of tensors live as long as their layer's work, so some survive each collection of the young;
/// .NET lets those gather to tens of MiB before it looks at them again, beside tensors of little more.
/// </summary>
public static class ManagedHeap
{
    private const int Collections = 8;
    private const long Garbage = 16L << 20;

    private static int s_seen;
    private static long s_allocated;

    /// <summary>
    /// Collects the survivors once a few collections of the young have passed, and large arrays, of which mini-batches are made, once 16 MiB were
    /// allocated. Cheap otherwise: call it between steps of training and between the layers of a deep stack.
    /// </summary>
    public static void Tidy()
    {
        var allocated = GC.GetTotalAllocatedBytes();
        if (allocated - s_allocated > Garbage) { GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: false); }
        else if (GC.CollectionCount(0) - s_seen < Collections) { return; }
        else
        {
            GC.Collect(1);
            allocated = s_allocated;
        }

        (s_seen, s_allocated) = (GC.CollectionCount(0), allocated);
    }

    /// <summary>
    /// Collects everything and gives the system what is free. For once, when the data are loaded: what reading them left behind is of their own
    /// size and more, and .NET would keep it for objects that never come.
    /// </summary>
    public static void GiveBack() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
}
