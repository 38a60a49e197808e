using System.Runtime.ExceptionServices;
using DeepGnn.Runtime;

namespace DeepGnn.Aggregation.Simd;

/// <summary>
/// Threads that take pieces of a pass beside the caller. An epoch is hundreds of passes of tenths of a millisecond, one soon after the other, and to
/// wake a thread takes a good part of that: these look for the next pass for a few microseconds before they sleep.
/// </summary>
internal static class RowTeam
{
    // About 40 µs: longer than the gap between two passes of a layer, too short to take anything from other processes.
    private const int Looks = 100;

    private static readonly List<Member> s_members = [];
    private static int s_busy;

    /// <summary>Calls <paramref name="work"/> once for each piece, on at most <paramref name="threads"/> threads, the caller among them.</summary>
    public static void Run(int pieces, int threads, Action<int> work)
    {
        var job = new Job(pieces, work);
        if (threads == 1)
        {
            job.Take();
            job.Throw();
            return;
        }

        if (Interlocked.CompareExchange(ref s_busy, 1, 0) != 0)
        {
            // A pass of another thread has the team.
            Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, _ => job.Take());
            job.Throw();
            return;
        }

        try
        {
            for (var m = s_members.Count; m < threads - 1; m++) { s_members.Add(new Member()); }
            for (var m = 0; m < Math.Min(threads, pieces) - 1; m++) { s_members[m].Hand(job); }
            job.Take();
            job.Wait();
        }
        finally { Volatile.Write(ref s_busy, 0); }

        job.Throw();
    }

    private sealed class Job(int pieces, Action<int> work)
    {
        private int _next = -1;
        private int _done;
        private Exception? _failed;

        public void Take()
        {
            Denormals.Flush();
            for (var piece = Interlocked.Increment(ref _next); piece < pieces; piece = Interlocked.Increment(ref _next))
            {
                try { work(piece); }
                catch (Exception e) { Interlocked.CompareExchange(ref _failed, e, null); }

                Interlocked.Increment(ref _done);
            }
        }

        public void Wait()
        {
            var wait = new SpinWait();
            while (Volatile.Read(ref _done) < pieces) { wait.SpinOnce(sleep1Threshold: -1); }
        }

        public void Throw()
        {
            if (_failed is not null) { ExceptionDispatchInfo.Throw(_failed); }
        }
    }

    private sealed class Member
    {
        private const int StackBytes = 512 << 10;

        private readonly object _gate = new();
        private Job? _job;
        private int _sleeps;

        public Member() => new Thread(Serve, StackBytes) { IsBackground = true, Name = "rows" }.Start();

        public void Hand(Job job)
        {
            Interlocked.Exchange(ref _job, job);
            if (Volatile.Read(ref _sleeps) == 0) { return; }
            lock (_gate) { Monitor.Pulse(_gate); }
        }

        private void Serve()
        {
            while (true)
            {
                if (Next() is { } job) { job.Take(); }
                else { Sleep(); }
            }
        }

        // Either Hand sees that this thread sleeps or this thread sees what Hand left: both write first and read then, with a fence between.
        private void Sleep()
        {
            lock (_gate)
            {
                Interlocked.Exchange(ref _sleeps, 1);
                while (Volatile.Read(ref _job) is null) { Monitor.Wait(_gate); }
                Volatile.Write(ref _sleeps, 0);
            }
        }

        private Job? Next()
        {
            for (var look = 0; look < Looks; look++)
            {
                if (Volatile.Read(ref _job) is not null) { return Interlocked.Exchange(ref _job, null); }
                Thread.SpinWait(10);
            }

            return null;
        }
    }
}
