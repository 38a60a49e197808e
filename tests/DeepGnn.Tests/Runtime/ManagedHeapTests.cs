using DeepGnn.Runtime;

namespace DeepGnn.Tests.Runtime;

public sealed class ManagedHeapTests
{
    [Fact]
    public void Large_arrays_are_collected_by_their_bytes()
    {
        const int mebibytes = 200;
        ManagedHeap.Tidy();
        var before = GC.CollectionCount(GC.MaxGeneration);

        var sum = 0;
        for (var i = 0; i < mebibytes; i++)
        {
            sum += new int[1 << 18].Length;
            ManagedHeap.Tidy();
        }

        Assert.Equal(mebibytes << 18, sum);
        Assert.True(GC.CollectionCount(GC.MaxGeneration) - before >= mebibytes / 20, $"found {GC.CollectionCount(GC.MaxGeneration) - before} collections of {mebibytes} MiB");
    }
}
