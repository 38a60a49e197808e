using System.Globalization;

namespace DeepGnn.Memory;

/// <summary>Resident memory of this process as the operating system counts it.</summary>
public static class ProcessMemory
{
    /// <summary>Resident bytes now.</summary>
    public static long Resident() => StatusKiB("VmRSS:") is { } kib ? kib * 1024 : Environment.WorkingSet;

    /// <summary>Highest resident bytes since the last <see cref="ResetPeak"/>, or since the start where the system cannot reset it.</summary>
    public static long Peak() => StatusKiB("VmHWM:") is { } kib ? kib * 1024 : Environment.WorkingSet;

    /// <summary>Lets the peak start again from the present value (Linux: <c>5</c> to <c>/proc/self/clear_refs</c>).</summary>
    /// <returns>False where the system does not allow it; the peak then counts from the start of the process.</returns>
    public static bool ResetPeak()
    {
        try
        {
            File.WriteAllText("/proc/self/clear_refs", "5");
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static long? StatusKiB(string field)
    {
        if (!File.Exists("/proc/self/status")) { return null; }
        foreach (var line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith(field, StringComparison.Ordinal))
            {
                return long.Parse(line.AsSpan(field.Length).TrimEnd("kB").Trim(), CultureInfo.InvariantCulture);
            }
        }

        return null;
    }
}
