using System.Runtime.InteropServices;
using TorchSharp;

namespace DeepGnn.Runtime;

/// <summary>
/// Puts a <see cref="BlockCache"/> under libtorch's CPU tensors. glibc's heap cannot reuse the blocks that libtorch asks it for (aligned ones:
/// the cut-off ends lie between them), so resident memory grows to several times what is alive, and mapping each tensor anew costs page faults.
/// <para>libtorch has a function to set an allocator, but no C interface to make one: an allocator is an object with a table of functions. We
/// copy the default's table and replace two of its entries. What we assume of its layout is compared with what the default allocator itself
/// does; where anything differs, nothing is changed. See docs/decisions/0007-allocator.md.</para>
/// </summary>
internal static unsafe partial class TorchAllocator
{
    private const int AllocateEntry = 2; // after two destructors
    private const int DeleterEntry = 4;  // after is_simple_data_ptr
    private const int Entries = 6;       // copy_data is the last
    private const int Before = 2;        // offset to top and type information stand before the entries

    private static short s_device;
    private static nint s_delete;
    private static nint s_standardDelete;
    private static byte* s_leaving;

    /// <summary>Where tensors of 64 KiB and more come from, once installed.</summary>
    public static BlockCache Cache { get; } = new();

    /// <summary>Smaller tensors, in bytes, stay with the default allocator.</summary>
    public const int Least = 1 << 16;

    /// <summary>Whether they do.</summary>
    public static bool IsInstalled => s_delete != 0;

    /// <summary>
    /// Installs the cache once, on Linux x64. <c>GNN_ALLOCATOR=system</c> leaves the default allocator in place.
    /// </summary>
    /// <returns>Whether tensors come from the cache now.</returns>
    public static bool Install()
    {
        if (s_delete != 0) { return true; }
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64) { return false; }
        if (Environment.GetEnvironmentVariable("GNN_ALLOCATOR") == "system") { return false; }
        if (!NativeLibrary.TryLoad("libc10.so", typeof(torch).Assembly, null, out var c10)
            || !NativeLibrary.TryGetExport(c10, "_ZN3c1015GetCPUAllocatorEv", out var get)
            || !NativeLibrary.TryGetExport(c10, "_ZN3c1015SetCPUAllocatorEPNS_9AllocatorEh", out var set))
        {
            return false;
        }

        var standard = ((delegate* unmanaged<nint*>)get)();
        if (standard == null || !IsAsExpected(standard)) { return false; }
        ((delegate* unmanaged<nint*, byte, void>)set)(Twin(standard), 100);
        return true;
    }

    // The default allocator must answer as we shall: data, deleter, context (the data again), device.
    private static bool IsAsExpected(nint* standard)
    {
        var table = (nint*)*standard;
        DataPointer made = default;
        var answer = ((delegate* unmanaged<DataPointer*, nint*, nuint, DataPointer*>)table[AllocateEntry])(&made, standard, 64);
        s_standardDelete = ((delegate* unmanaged<nint*, nint>)table[DeleterEntry])(standard);
        if (answer != &made || made.Data == 0 || made.Context != made.Data || made.Deleter == 0 || made.Deleter != s_standardDelete) { return false; }
        ((delegate* unmanaged<nint, void>)made.Deleter)(made.Context);
        s_device = made.Device;
        return true;
    }

    private static nint* Twin(nint* standard)
    {
        var table = (nint*)*standard;
        s_leaving = (byte*)NativeMemory.AllocZeroed(1);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => *s_leaving = 1;
        var code = new AllocatorCode((nint)s_leaving);
        var (take, giveBack) = ((nint)(delegate* unmanaged<DataPointer*, nint, nuint, int>)&Take, (nint)(delegate* unmanaged<nint, void>)&Return);
        s_delete = code.Delete(giveBack);

        var copy = (nint*)NativeMemory.Alloc(Before + Entries, (nuint)sizeof(nint));
        for (var i = -Before; i < Entries; i++) { copy[Before + i] = table[i]; }
        copy[Before + AllocateEntry] = code.Allocate(take, (nint)standard, table[AllocateEntry]);
        copy[Before + DeleterEntry] = code.Constant(s_delete);
        code.Seal();
        var allocator = (nint*)NativeMemory.AllocZeroed(8, (nuint)sizeof(nint));
        *allocator = (nint)(copy + Before);
        return allocator;
    }

    /// <summary>0 has the default allocator asked instead, which knows how to report that there is no memory.</summary>
    [UnmanagedCallersOnly]
    private static int Take(DataPointer* made, nint allocator, nuint bytes)
    {
        var data = bytes > long.MaxValue / 2 ? 0 : Cache.Take((long)bytes);
        if (data == 0) { return 0; }
        *made = new DataPointer { Data = data, Deleter = s_delete, Context = data, Device = s_device };
        return 1;
    }

    [UnmanagedCallersOnly]
    private static void Return(nint data)
    {
        if (data != 0 && !Cache.Return(data)) { ((delegate* unmanaged<nint, void>)s_standardDelete)(data); }
    }

    /// <summary>c10::DataPtr: data, the owning pointer (its deleter comes first), device type and index.</summary>
    private struct DataPointer
    {
        public nint Data;
        public nint Deleter;
        public nint Context;
        public short Device;
    }
}
