using System.Globalization;

namespace Worker;

/// <summary>Memory of the machine, and how often its kernel ended a process for want of it.</summary>
internal static class HostMemory
{
    /// <summary>Bytes of the machine's memory, or of the control group that this process is confined to, whichever is less.</summary>
    public static long Total()
    {
        var machine = Counter("/proc/meminfo", "MemTotal:") * 1024 ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return Math.Min(machine, GroupLimits().Append(long.MaxValue).Min());
    }

    /// <summary>Processes that the kernel killed for want of memory since the start of the machine; null where it does not say.</summary>
    public static long? KernelKills() => Counter("/proc/vmstat", "oom_kill");

    /// <summary>The highest resident bytes that a process has had since it last reset the figure; null when it is gone.</summary>
    public static long? Peak(int process) => Counter(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/status"), "VmHWM:") * 1024;

    // A limit may be set at any level above: version 2 in one tree, version 1 in a tree of its own.
    private static IEnumerable<long> GroupLimits()
    {
        foreach (var line in Lines("/proc/self/cgroup"))
        {
            if (line.Split(':', 3) is not [_, var controllers, var path]) { continue; }
            if (controllers is not ("" or "memory")) { continue; }
            var (root, file) = controllers.Length == 0 ? ("/sys/fs/cgroup", "memory.max") : ("/sys/fs/cgroup/memory", "memory.limit_in_bytes");
            for (var group = path.TrimEnd('/'); ; group = group[..group.LastIndexOf('/')])
            {
                if (long.TryParse(Lines(root + group + "/" + file).FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out var limit)) { yield return limit; }
                if (group.Length == 0) { break; }
            }
        }
    }

    private static long? Counter(string path, string name)
    {
        foreach (var line in Lines(path))
        {
            var words = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 1 && words[0] == name && long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var value)) { return value; }
        }
        return null;
    }

    private static string[] Lines(string path)
    {
        try { return File.Exists(path) ? File.ReadAllLines(path) : []; }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return []; }
    }
}
