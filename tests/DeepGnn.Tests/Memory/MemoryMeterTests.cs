using DeepGnn.Memory;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Memory;

public sealed class MemoryMeterTests
{
    private const long MiB = 1 << 20;

    [Fact]
    public void A_peak_between_two_epochs_counts_in_the_second()
    {
        var meter = new MemoryMeter(CPU, () => default);
        RunEpoch(); // what was before it counts in it: here that of other tests
        RunEpoch();
        var before = meter.ResidentPeak;
        ProcessMemoryTests.Touch(200 << 20);
        RunEpoch();
        var second = meter.ResidentPeak;
        RunEpoch();

        Assert.True(second > before + (150 * MiB), $"found {second}, needed 150 MiB more than {before}");
        Assert.True(meter.ResidentPeak < second - (150 * MiB), $"found {meter.ResidentPeak}, needed 150 MiB less than {second}");

        void RunEpoch()
        {
            meter.BeginEpoch(certainly: true);
            meter.BeginForward(0);
            meter.EndForward();
            meter.EndBackward(() => 0);
            meter.EndStep();
            meter.EndEpoch();
        }
    }
}
