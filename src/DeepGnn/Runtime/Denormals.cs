using System.Runtime.InteropServices;
using TorchSharp;

namespace DeepGnn.Runtime;

/// <summary>
/// Has the calling thread take numbers too small for full precision (below 1.2e-38 in float32) as 0. A long training with weight decay makes
/// ever more of them, and on some processors each costs over a hundred cycles: an epoch became ten times slower (bench/README.md).
/// <para>It is a state of each thread, inherited by the threads it starts: all that compute must have it, or values would depend on who computed them.</para>
/// </summary>
internal static unsafe class Denormals
{
    private static readonly nint s_context;
    private static readonly delegate* unmanaged[SuppressGCTransition]<nint, byte, byte> s_set;

    static Denormals()
    {
        if (NativeLibrary.TryLoad("libtorch_cpu.so", typeof(torch).Assembly, null, out var library)
            && NativeLibrary.TryGetExport(library, "_ZN2at13globalContextEv", out var context)
            && NativeLibrary.TryGetExport(library, "_ZN2at7Context16setFlushDenormalEb", out var set))
        {
            s_context = ((delegate* unmanaged<nint>)context)();
            s_set = (delegate* unmanaged[SuppressGCTransition]<nint, byte, byte>)set;
        }
    }

    /// <summary>From here on, on this thread; cheap where it is so already.</summary>
    public static void Flush()
    {
        if (s_set != null) { s_set(s_context, 1); }
    }
}
