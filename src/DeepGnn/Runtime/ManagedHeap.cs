namespace DeepGnn.Runtime;

/// <summary>
/// Keeps the garbage of a deep stack small. Wrappers of tensors live as long as their layer's work, so some survive each collection of the young;
/// .NET lets those gather to tens of MiB before it looks at them again, beside tensors of little more.
/// </summary>
public static class ManagedHeap
{
    private const int Collections = 8;

    private static int s_seen;

    /// <summary>Collects the survivors once a few collections of the young have passed. Cheap otherwise: call it between steps of training and between the layers of a deep stack.</summary>
    public static void Tidy()
    {
        if (GC.CollectionCount(0) - s_seen < Collections) { return; }
        GC.Collect(1);
        s_seen = GC.CollectionCount(0);
    }

    /// <summary>
    /// Collects everything and gives the system what is free. For once, when the data are loaded: what reading them left behind is of their own
    /// size and more, and .NET would keep it for objects that never come.
    /// </summary>
    public static void GiveBack() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
}
