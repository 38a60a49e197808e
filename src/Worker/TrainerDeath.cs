using System.Globalization;
using Contracts;

namespace Worker;

/// <summary>What it means when a Trainer process ends without having said how the run ended.</summary>
internal static class TrainerDeath
{
    // What the runtime or the C++ library writes before it aborts for want of memory.
    private static readonly string[] AllocationFailures = ["bad_alloc", "Out of memory", "OutOfMemoryException", "annot allocate memory"];

    /// <summary>
    /// <paramref name="exitCode"/> is 128 + n for a process that signal n ended; <paramref name="lastWords"/> is the end of its standard error;
    /// <paramref name="kernelKilled"/>: the kernel ended processes for want of memory while it ran.
    /// </summary>
    public static FailedEvent Explain(int exitCode, string lastWords, bool kernelKilled, DateTimeOffset at)
    {
        var (kind, reason) = exitCode switch
        {
            128 + 9 when kernelKilled => (FailureClass.OutOfMemory, "the Trainer process was killed by the system because memory ran out: signal 9 (SIGKILL)"),
            128 + 6 when Array.Exists(AllocationFailures, words => lastWords.Contains(words, StringComparison.Ordinal)) =>
                (FailureClass.OutOfMemory, "the Trainer process aborted because memory could not be allocated: signal 6 (SIGABRT)"),
            TrainerExit.Finished => (FailureClass.Infrastructure, "the Trainer process ended with exit code 0 but reported no result"),
            TrainerExit.User => (FailureClass.User, Code(exitCode)),
            TrainerExit.Data => (FailureClass.Data, Code(exitCode)),
            TrainerExit.OutOfMemory => (FailureClass.OutOfMemory, Code(exitCode)),
            TrainerExit.Diverged => (FailureClass.Diverged, Code(exitCode)),
            128 + 9 => (FailureClass.Infrastructure, "the Trainer process was killed by signal 9 (SIGKILL): by hand, or by a system that does not say whether memory ran out"),
            128 + 11 => (FailureClass.Infrastructure, "the Trainer process crashed in native code: signal 11 (SIGSEGV)"),
            128 + 6 => (FailureClass.Infrastructure, "the Trainer process aborted in native code: signal 6 (SIGABRT)"),
            > 128 and < 128 + 65 => (FailureClass.Infrastructure, string.Create(CultureInfo.InvariantCulture, $"the Trainer process was ended by signal {exitCode - 128}")),
            _ => (FailureClass.Infrastructure, Code(exitCode)),
        };
        return new FailedEvent { At = at, Class = kind, Message = lastWords.Length == 0 ? reason : $"{reason}. Its last words: {lastWords}" };
    }

    private static string Code(int exitCode) =>
        string.Create(CultureInfo.InvariantCulture, $"the Trainer process ended with exit code {exitCode} but reported no reason");
}
