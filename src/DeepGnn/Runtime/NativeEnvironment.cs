using System.Runtime.InteropServices;

namespace DeepGnn.Runtime;

/// <summary>Settings that native libraries read once, when they are loaded.</summary>
internal static partial class NativeEnvironment
{
    /// <summary>
    /// Lets waiting OpenMP threads sleep: by default they spin, and where other processes want the processors too, every small operator
    /// then waits for a time slice (a 16-layer epoch took 6 s instead of 0.3 s on two busy cores). And makes MKL's products the same for the
    /// same numbers wherever they lie in memory: without it, two equal epochs of one process differ in the last bit. Values set by the user stay.
    /// </summary>
    public static void Prepare()
    {
        // .NET keeps its own copy of the environment; the libraries read the C library's.
        if (!OperatingSystem.IsLinux()) { return; }
        SetIfUnset("OMP_WAIT_POLICY", "passive", overwrite: 0);
        SetIfUnset("MKL_CBWR", "AUTO", overwrite: 0);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetIfUnset(string name, string value, int overwrite);
}
