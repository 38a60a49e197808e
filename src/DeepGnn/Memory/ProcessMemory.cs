using Microsoft.Win32.SafeHandles;

namespace DeepGnn.Memory;

/// <summary>Resident memory of this process as the operating system counts it. A reading takes some ten microseconds on Linux.</summary>
public static class ProcessMemory
{
    private static readonly SafeFileHandle? s_status = Open("/proc/self/status", FileAccess.Read);
    private static readonly SafeFileHandle? s_clear = Open("/proc/self/clear_refs", FileAccess.Write);

    private static long s_highest;

    /// <summary>Resident bytes now.</summary>
    public static long Resident() => Read().Resident;

    /// <summary>Highest resident bytes since the last <see cref="ResetPeak"/>, or since the start where the system cannot reset it.</summary>
    public static long Peak() => Read().Peak;

    /// <summary>The highest of all peaks that were read, and the present one.</summary>
    public static long Highest()
    {
        Read();
        return s_highest;
    }

    /// <summary>Both at once.</summary>
    public static (long Resident, long Peak) Read()
    {
        Span<byte> text = stackalloc byte[4096];
        var length = s_status is null ? 0 : RandomAccess.Read(s_status, text, 0);
        var (resident, peak) = (KiB(text[..length], "VmRSS:"u8), KiB(text[..length], "VmHWM:"u8));
        if (peak == 0) { resident = peak = Environment.WorkingSet / 1024; }
        s_highest = Math.Max(s_highest, peak * 1024);
        return (resident * 1024, peak * 1024);
    }

    /// <summary>Lets the peak start again from the present value (Linux: <c>5</c> to <c>/proc/self/clear_refs</c>).</summary>
    /// <returns>False where the system does not allow it; the peak then counts from the start of the process.</returns>
    public static bool ResetPeak()
    {
        if (s_clear is null) { return false; }
        try
        {
            RandomAccess.Write(s_clear, "5"u8, 0);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // "VmHWM:	  321316 kB"; 0 where there is no such line.
    private static long KiB(ReadOnlySpan<byte> status, ReadOnlySpan<byte> field)
    {
        var at = status.IndexOf(field);
        if (at < 0) { return 0; }
        var value = 0L;
        foreach (var character in status[(at + field.Length)..])
        {
            if (character is >= (byte)'0' and <= (byte)'9') { value = (10 * value) + (character - '0'); }
            else if (value > 0) { break; }
        }

        return value;
    }

    private static SafeFileHandle? Open(string path, FileAccess access)
    {
        try { return File.OpenHandle(path, FileMode.Open, access, FileShare.ReadWrite); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return null; }
    }
}
