using System.Runtime.InteropServices;
using DeepGnn.Memory;

namespace DeepGnn.Tests.Memory;

public sealed class ProcessMemoryTests
{
    [Fact]
    public void A_peak_that_is_over_is_seen_until_it_is_reset()
    {
        const int size = 200 << 20;
        var before = ProcessMemory.Resident();
        Touch(size);

        Assert.True(ProcessMemory.Peak() > before + (size * 0.9));
        Assert.True(ProcessMemory.ResetPeak());
        Assert.True(ProcessMemory.Peak() < before + (size / 2));
        Assert.True(ProcessMemory.Highest() > before + (size * 0.9));
        Assert.InRange(ProcessMemory.Resident() / (double)Environment.WorkingSet, 0.9, 1.1);
    }

    /// <summary>Lets memory be resident and gives it back.</summary>
    internal static void Touch(int size)
    {
        var block = Marshal.AllocHGlobal(size);
        for (var i = 0; i < size; i += 4096) { Marshal.WriteByte(block, i, 1); }
        Marshal.FreeHGlobal(block);
    }
}
