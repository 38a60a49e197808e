using System.Runtime.InteropServices;

namespace DeepGnn.Runtime;

/// <summary>Settings that native libraries read once, when they are loaded.</summary>
internal static partial class NativeEnvironment
{
    /// <summary>
    /// Lets waiting OpenMP threads sleep. By default they spin, and where other processes want the processors too, every small operator
    /// then waits for a time slice: a 16-layer epoch took 6 s instead of 0.3 s on two busy cores. A value set by the user stays.
    /// </summary>
    public static void LetIdleThreadsSleep()
    {
        // .NET keeps its own copy of the environment; libgomp reads the C library's.
        if (OperatingSystem.IsLinux()) { SetIfUnset("OMP_WAIT_POLICY", "passive", overwrite: 0); }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetIfUnset(string name, string value, int overwrite);
}
