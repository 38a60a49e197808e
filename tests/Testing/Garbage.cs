namespace Testing;

/// <summary>What earlier tests left to the garbage collector: figures of a whole process would change while it goes.</summary>
public static class Garbage
{
    public static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }
}
