using System.Runtime.InteropServices;
using System.Text;
using DeepGnn.Memory;

namespace DeepGnn.Tests.Memory;

/// <summary>No machine of ours has such a device: what the library would answer is put in its place.</summary>
public sealed class NvmlTests
{
    private const long Used = 3L << 30;

    [Fact]
    public void Structures_lie_as_the_header_says()
    {
        Assert.Equal((24, 24), (Marshal.SizeOf<NvmlMemory>(), Marshal.SizeOf<NvmlProcess>()));
        Assert.Equal([0, 8, 16], new[] { nameof(NvmlMemory.TotalBytes), nameof(NvmlMemory.FreeBytes), nameof(NvmlMemory.UsedBytes) }.Select(name => (int)Marshal.OffsetOf<NvmlMemory>(name)));
        Assert.Equal([0, 8, 16, 20], new[] { nameof(NvmlProcess.Id), nameof(NvmlProcess.UsedBytes), nameof(NvmlProcess.GpuInstance), nameof(NvmlProcess.ComputeInstance) }.Select(name => (int)Marshal.OffsetOf<NvmlProcess>(name)));

        byte[] raw = [0x39, 0x05, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0];
        var decoded = MemoryMarshal.Read<NvmlProcess>(raw);
        Assert.Equal((1337u, (ulong)Used, uint.MaxValue, 1u), (decoded.Id, decoded.UsedBytes, decoded.GpuInstance, decoded.ComputeInstance));
    }

    [Fact]
    public void Without_the_library_there_are_no_figures_and_a_reason()
    {
        var meter = new DeviceMeter(Nvml.Load("libnvidia-ml-that-is-nowhere.so.1", Nvml.Driver, out var missing), 0, missing);

        Assert.Null(meter.Read());
        Assert.Equal("memory of the device: libnvidia-ml-that-is-nowhere.so.1 cannot be loaded", meter.Missing);
    }

    [Fact]
    public void A_library_without_the_functions_is_told_of()
    {
        Assert.Null(Nvml.Load("libc.so.6", "libc.so.6", out var missing));
        Assert.StartsWith("the driver is too old: ", missing, StringComparison.Ordinal);
        Assert.Contains("nvmlInit_v2", missing, StringComparison.Ordinal);
    }

    [Fact]
    public void The_device_is_found_by_its_place_on_the_bus_and_the_process_by_its_number()
    {
        var meter = new DeviceMeter(Answering([new() { Id = 1, UsedBytes = 5 }, Own(Used)]), device: 1, missing: null);

        Assert.Null(meter.Missing);
        Assert.Equal((Used, Used, 9L << 30, 80L << 30), Figures(meter));
    }

    [Fact]
    public void The_peak_is_the_highest_of_all_readings()
    {
        var processes = new[] { Own(Used) };
        var meter = new DeviceMeter(Answering(processes), 1, null);
        meter.Read();
        processes[0] = Own(Used / 2);

        Assert.Equal((Used / 2, Used), (meter.Read()!.UsedBytes, meter.Read()!.PeakBytes));
    }

    [Fact]
    public void More_processes_than_room_are_asked_for_again()
    {
        NvmlProcess[] many = [.. Enumerable.Range(1, 150).Select(id => new NvmlProcess { Id = (uint)(10_000_000 + id), UsedBytes = 1 }), Own(Used)];

        Assert.Equal(Used, new DeviceMeter(Answering(many), 1, null).Read()!.UsedBytes);
    }

    [Fact]
    public void A_process_that_is_not_listed_leaves_the_figures_of_the_device_and_a_reason()
    {
        var hidden = new DeviceMeter(Answering([new() { Id = 10_000_000, UsedBytes = 5 }]), 1, null);
        Assert.Equal((null, null, 9L << 30, 80L << 30), Figures(hidden));
        Assert.Contains($"does not list this process ({Environment.ProcessId})", hidden.Missing, StringComparison.Ordinal);

        var untold = new DeviceMeter(Answering([Own(-1)]), 1, null);
        Assert.Null(untold.Read()!.UsedBytes);
        Assert.Contains("does not tell how much", untold.Missing, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nvmlInit_v2")]
    [InlineData("cuDeviceGetPCIBusId")]
    [InlineData("nvmlDeviceGetHandleByPciBusId_v2")]
    public void A_call_that_fails_is_named_with_its_code(string call)
    {
        var meter = new DeviceMeter(Answering([Own(Used)], failing: call), 1, null);

        Assert.Null(meter.Read());
        Assert.Contains(call, meter.Missing, StringComparison.Ordinal);
        Assert.EndsWith("failed with code 999", meter.Missing, StringComparison.Ordinal);
    }

    private static (long?, long?, long, long) Figures(DeviceMeter meter) =>
        meter.Read() is { } figures ? (figures.UsedBytes, figures.PeakBytes, figures.DeviceUsedBytes, figures.DeviceTotalBytes) : default;

    private static NvmlProcess Own(long used) => new() { Id = (uint)Environment.ProcessId, UsedBytes = (ulong)used };

    private static Nvml Answering(NvmlProcess[] processes, string failing = "")
    {
        return new()
        {
            Initialize = () => Code("nvmlInit_v2"),
            BusId = (text, length, device) =>
            {
                Encoding.ASCII.GetBytes($"0000:0{device}:00.0\0", text.AsSpan(..length));
                return Code("cuDeviceGetPCIBusId");
            },
            Handle = (bus, out handle) =>
            {
                handle = Encoding.ASCII.GetString(bus).TrimEnd('\0') == "0000:01:00.0" ? 42 : 0;
                return Code("nvmlDeviceGetHandleByPciBusId_v2");
            },
            Memory = (handle, out memory) =>
            {
                memory = new() { TotalBytes = 80UL << 30, FreeBytes = 71UL << 30, UsedBytes = 9UL << 30 };
                return handle == 42 ? 0 : 2;
            },
            Processes = (handle, ref count, into) =>
            {
                var room = count;
                count = (uint)processes.Length;
                if (room < processes.Length) { return Nvml.InsufficientSize; }
                processes.CopyTo(into, 0);
                return handle == 42 ? 0 : 2;
            },
        };

        int Code(string call) => call == failing ? 999 : 0;
    }
}
