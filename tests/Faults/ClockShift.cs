using System.Diagnostics;

namespace Faults;

/// <summary>A library that, loaded before the C library, moves a process's wall clock (and that of its children) by some seconds.</summary>
internal static class ClockShift
{
    private const string Source = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <stdlib.h>
        #include <sys/time.h>
        #include <time.h>
        static long shift(void) { const char *s = getenv("CLOCK_SHIFT_SECONDS"); return s ? atol(s) : 0; }
        int clock_gettime(clockid_t id, struct timespec *t) {
            static int (*real)(clockid_t, struct timespec *);
            if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
            int r = real(id, t);
            if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) t->tv_sec += shift();
            return r;
        }
        int gettimeofday(struct timeval *restrict t, void *restrict z) {
            struct timespec s; clock_gettime(CLOCK_REALTIME, &s);
            t->tv_sec = s.tv_sec; t->tv_usec = s.tv_nsec / 1000; (void)z; return 0;
        }
        time_t time(time_t *t) { struct timespec s; clock_gettime(CLOCK_REALTIME, &s); if (t) *t = s.tv_sec; return s.tv_sec; }
        """;

    public static string Build(string folder)
    {
        var (source, library) = (Path.Combine(folder, "clock.c"), Path.Combine(folder, "clock.so"));
        Directory.CreateDirectory(folder);
        File.WriteAllText(source, Source);
        using var compiler = Process.Start(new ProcessStartInfo("cc", ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"]))
            ?? throw new FaultException("needed a C compiler (cc) to shift a clock");
        compiler.WaitForExit();
        Require.Equal(0, compiler.ExitCode, "exit code of cc");
        return library;
    }
}
