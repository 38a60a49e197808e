using Contracts;
using static TorchSharp.torch;

namespace DeepGnn.Memory;

/// <summary>
/// Memory of a CUDA device and of this process on it, from NVML. libtorch keeps what it once took from the device, so what the process uses at the end of
/// an epoch is what it used at most until then.
/// </summary>
internal sealed class DeviceMeter
{
    private readonly Nvml? _nvml;
    private readonly nint? _handle;
    private long? _peak;

    public DeviceMeter(Nvml? nvml, int device, string? missing)
    {
        (_nvml, Missing) = (nvml, missing);
        if (nvml is null) { return; }
        _handle = nvml.Open(device, out var reason);
        if (_handle is { } handle && reason is null) { nvml.Used(handle, Environment.ProcessId, out reason); }
        Missing = reason;
    }

    /// <summary>Which figures cannot be read, and why; null: all can.</summary>
    public string? Missing { get => field is null ? null : $"memory of the device: {field}"; }

    /// <summary>Loads the libraries, which are not there on a machine without such a device.</summary>
    public static DeviceMeter Open(Device device)
    {
        var nvml = Nvml.Load(Nvml.Library, Nvml.Driver, out var missing);
        return new(nvml, Math.Max(0, device.index), missing);
    }

    /// <summary>Null where there is no figure at all.</summary>
    public DeviceMemory? Read()
    {
        if (_nvml is null || _handle is not { } handle || _nvml.Memory(handle, out var memory) != 0) { return null; }
        var used = _nvml.Used(handle, Environment.ProcessId, out _);
        if (used > (_peak ?? 0)) { _peak = used; }
        return new() { UsedBytes = used, PeakBytes = _peak, DeviceUsedBytes = (long)memory.UsedBytes, DeviceTotalBytes = (long)memory.TotalBytes };
    }
}
