using System.Runtime.InteropServices;
using System.Text;

namespace DeepGnn.Memory;

/// <summary>
/// The few functions of NVIDIA's management library and driver that tell the memory of a device, as <c>nvml.h</c> and <c>cuda.h</c> declare them. Each returns 0 for
/// success. Instances other than <see cref="Load"/>'s stand in for the library in tests.
/// </summary>
internal sealed class Nvml
{
    public const string Library = "libnvidia-ml.so.1", Driver = "libcuda.so.1";
    public const int InsufficientSize = 7;

    /// <summary>In place of a figure that the driver does not have.</summary>
    public const ulong NotAvailable = ulong.MaxValue;

    private const int BusIdLength = 32;

    public required InitializeCall Initialize { get; init; }

    /// <summary>Of a device of this process, by its number as CUDA counts (<c>CUDA_VISIBLE_DEVICES</c> hides and reorders them): its place on the bus.</summary>
    public required BusIdCall BusId { get; init; }

    public required HandleCall Handle { get; init; }
    public required MemoryCall Memory { get; init; }
    public required ProcessesCall Processes { get; init; }

    public delegate int InitializeCall();
    public delegate int BusIdCall(byte[] text, int length, int device);
    public delegate int HandleCall(byte[] busId, out nint device);
    public delegate int MemoryCall(nint device, out NvmlMemory memory);
    public delegate int ProcessesCall(nint device, ref uint count, [In, Out] NvmlProcess[] processes);

    /// <summary>Null, and what is missing, where the libraries are not installed or lack a function.</summary>
    public static Nvml? Load(string library, string driver, out string? missing)
    {
        missing = null;
        if (!NativeLibrary.TryLoad(library, out var nvml)) { missing = $"{library} cannot be loaded"; }
        else if (!NativeLibrary.TryLoad(driver, out var cuda)) { missing = $"{driver} cannot be loaded"; }
        else
        {
            try
            {
                return new()
                {
                    Initialize = Call<InitializeCall>(nvml, "nvmlInit_v2"),
                    BusId = Call<BusIdCall>(cuda, "cuDeviceGetPCIBusId"),
                    Handle = Call<HandleCall>(nvml, "nvmlDeviceGetHandleByPciBusId_v2"),
                    Memory = Call<MemoryCall>(nvml, "nvmlDeviceGetMemoryInfo"),
                    Processes = Call<ProcessesCall>(nvml, "nvmlDeviceGetComputeRunningProcesses_v3"),
                };
            }
            catch (EntryPointNotFoundException e)
            {
                missing = $"the driver is too old: {e.Message}";
            }
        }

        return null;
    }

    /// <summary>The device, or null and which call failed with which code.</summary>
    public nint? Open(int device, out string? missing)
    {
        var bus = new byte[BusIdLength];
        nint handle = 0;
        missing = Failure("nvmlInit_v2", Initialize())
            ?? Failure("cuDeviceGetPCIBusId", BusId(bus, bus.Length, device))
            ?? Failure($"nvmlDeviceGetHandleByPciBusId_v2({Encoding.ASCII.GetString(bus).TrimEnd('\0')})", Handle(bus, out handle));
        return missing is null ? handle : null;
    }

    /// <summary>Bytes of one process on the device; null, and why, where the driver does not tell.</summary>
    public long? Used(nint device, int process, out string? missing)
    {
        var found = new NvmlProcess[64];
        var (count, code) = (0u, InsufficientSize);
        for (var tries = 0; code == InsufficientSize && tries < 4; tries++)
        {
            // Processes come and go between two calls.
            if (count >= found.Length) { found = new NvmlProcess[2 * count]; }
            count = (uint)found.Length;
            code = Processes(device, ref count, found);
        }

        missing = Failure("nvmlDeviceGetComputeRunningProcesses_v3", code);
        if (missing is not null) { return null; }

        var own = found.AsSpan(..(int)count).ToArray().Where(each => each.Id == process).ToArray();
        if (own.Length > 0 && own[0].UsedBytes != NotAvailable) { return (long)own[0].UsedBytes; }
        missing = own.Length > 0
            ? "the driver does not tell how much of the device a process uses"
            : $"the driver does not list this process ({process}) among the {count} on the device, as in a container with process ids of its own";
        return null;
    }

    private static string? Failure(string call, int code) => code == 0 ? null : $"{call} failed with code {code}";

    private static T Call<T>(nint library, string name) where T : Delegate => Marshal.GetDelegateForFunctionPointer<T>(NativeLibrary.GetExport(library, name));
}

/// <summary>nvmlMemory_t.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlMemory
{
    public ulong TotalBytes;
    public ulong FreeBytes;
    public ulong UsedBytes;
}

/// <summary>nvmlProcessInfo_t of the calls that end in _v3: 24 bytes, four of them between the first two members.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlProcess
{
    public uint Id;
    public ulong UsedBytes;
    public uint GpuInstance;
    public uint ComputeInstance;
}
