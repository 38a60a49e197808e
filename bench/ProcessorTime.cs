using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Bench;

/// <summary>Processor time, user and system, to the nanosecond: what <see cref="Process.TotalProcessorTime"/> tells counts in hundredths of a second.</summary>
internal static partial class ProcessorTime
{
    private const int OfThisThread = 3; // CLOCK_THREAD_CPUTIME_ID

    /// <summary>Seconds of the calling thread.</summary>
    public static double Thread() => Seconds(OfThisThread)!.Value;

    /// <summary>Seconds of all threads of a process, those that have ended too; null when it is gone.</summary>
    public static double? Of(int process) => ClockOf(process, out var clock) == 0 ? Seconds(clock) : null;

    private static double? Seconds(int clock) => Read(clock, out var time) == 0 ? time.Seconds + (time.Nanoseconds * 1e-9) : null;

    [LibraryImport("libc", EntryPoint = "clock_getcpuclockid")]
    private static partial int ClockOf(int process, out int clock);

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int Read(int clock, out Time time);

    private readonly record struct Time(long Seconds, long Nanoseconds);
}
