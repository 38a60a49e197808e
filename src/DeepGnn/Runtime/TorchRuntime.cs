using System.Globalization;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace DeepGnn.Runtime;

/// <summary>Starts libtorch in this process and says what is missing where it cannot be started.</summary>
public static class TorchRuntime
{
    /// <summary>Loads libtorch, fixes the number of threads, has this thread and those it starts flush denormal numbers to 0, and seeds the generators.</summary>
    /// <param name="seed">Seed of every generator of libtorch.</param>
    /// <param name="threads">Threads of the operators; null takes <c>GNN_THREADS</c>, else all processors.</param>
    /// <exception cref="PlatformNotSupportedException">libtorch does not load here: the message names the platform or the library missing.</exception>
    /// <exception cref="ArgumentException"><c>GNN_THREADS</c> is not a number from 1 to 1,024.</exception>
    public static void Start(long seed, int? threads = null)
    {
        NativeEnvironment.Prepare();
        Load();
        Denormals.Flush(); // before libtorch starts its threads, which inherit it
        TorchAllocator.Install();
        set_num_threads(threads ?? ThreadsFromEnvironment());
        random.manual_seed(seed);
    }

    /// <summary>The first CUDA device where libtorch sees one, else the CPU.</summary>
    public static Device ChooseDevice() => cuda.is_available() ? CUDA : CPU;

    private static int ThreadsFromEnvironment()
    {
        var text = Environment.GetEnvironmentVariable("GNN_THREADS");
        if (string.IsNullOrEmpty(text)) { return Environment.ProcessorCount; }
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var threads) && threads is >= 1 and <= 1024
            ? threads
            : throw new ArgumentException($"GNN_THREADS: found \"{text}\", needed a number from 1 to 1024");
    }

    private static void Load()
    {
        try
        {
            using var probe = empty(1);
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException or NotSupportedException or EntryPointNotFoundException)
        {
            throw new PlatformNotSupportedException(WhatIsMissing(), e);
        }
    }

    private static string WhatIsMissing()
    {
        if (!RuntimeInformation.IsOSPlatform(OSPlatform.Linux) || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            return $"libtorch cannot be loaded: found {RuntimeInformation.RuntimeIdentifier}, needed linux-x64, the only platform whose libtorch this build carries";
        }

        var library = NativeLibraryPath();
        if (library is null)
        {
            return $"libtorch cannot be loaded: libLibTorchSharp.so is not under {AppContext.BaseDirectory}; build or publish the Trainer again";
        }

        try
        {
            NativeLibrary.Free(NativeLibrary.Load(library));
            return $"libtorch cannot be loaded although {library} can; a library of another version may be in LD_LIBRARY_PATH";
        }
        catch (DllNotFoundException e)
        {
            return $"libtorch cannot be loaded: {e.Message.ReplaceLineEndings(" ")} "
                + "(a GLIBCXX version named here means that the build step of build/NativeMend.targets did not run on this copy, or that libstdc++ is older than GCC 12's; "
                + "a missing libgomp.so.1 is in the package libgomp1)";
        }
    }

    private static string? NativeLibraryPath() =>
        new[] { "runtimes/linux-x64/native", "" }
            .Select(folder => Path.Combine(AppContext.BaseDirectory, folder, "libLibTorchSharp.so"))
            .FirstOrDefault(File.Exists);
}
