using System.Runtime.InteropServices;

namespace DeepGnn.Runtime;

/// <summary>
/// Large blocks of memory that are given out again instead of being returned to the system: an epoch asks for the sizes of the epoch before.
/// Blocks lie in mappings of their own, so none keeps another from being let go; where no kept block has the size, one is cut from others that
/// lie side by side, whose pages need not come from the system again. What is held never exceeds the most that was in use at once by
/// more than a thirty-second and 1 MiB: past that, blocks of the sizes unused for longest go back to the system. Safe for any number of threads.
/// <para>Nothing here makes objects, but for tables that outgrow their first size: an operator of libtorch asks for memory before it reads its scalars,
/// which TorchSharp does not keep alive; a garbage collection in between would free them under its hands.</para>
/// </summary>
internal sealed partial class BlockCache
{
    private const nint PageSize = 4096;
    private const long HugePage = 2L << 20;

    // Where blocks are asked to lie: far from all that the system places by itself.
    private const long FirstPlace = 1L << 45;
    private const long Places = 1L << 44;

    private readonly Lock _lock = new();
    private readonly Dictionary<nint, SizeClass> _used = new(16_384);
    private readonly Dictionary<long, SizeClass> _classes = new(1_024);
    private readonly SortedList<nint, SizeClass> _kept = new(4_096); // by page
    private readonly Stack<SizeClass> _spare = new(Enumerable.Range(0, 512).Select(_ => new SizeClass()));
    private long _next = FirstPlace;
    private long _clock;
    private long _mapped;

    /// <summary>Bytes in use.</summary>
    public long InUse { get; private set; }

    /// <summary>The most bytes that were in use at once.</summary>
    public long MostInUse { get; private set; }

    /// <summary>The most bytes that were in use at once since the last <see cref="StartPeak"/>.</summary>
    public long PeakInUse { get; private set; }

    /// <summary>The largest block given out since this was last set to 0.</summary>
    public long Largest { get; set; }

    /// <summary>Bytes kept for the next to ask.</summary>
    public long Kept { get; private set; }

    /// <summary>A block of at least <paramref name="bytes"/> bytes, on a line of the processor's cache, or 0 where the system has none.</summary>
    public nint Take(long bytes)
    {
        var size = (bytes + PageSize - 1 + PageSize) / PageSize * PageSize;
        lock (_lock)
        {
            if (Free(size) is { } from)
            {
                // The foremost: what is asked for and never written (TorchSharp asks so for each result of a function of ours) then stays without pages.
                var address = from.Free[0];
                foreach (var other in from.Free) { address = Math.Min(address, other); }
                Leave(from, address);
                return GiveOut(from, address);
            }

            if (Kept >= size && Cut(size) is var (page, cut)) { return GiveOut(OfSize(cut), Shifted(page)); }
            LetGo(MostInUse + (MostInUse / 32) + (1 << 20) - InUse - size);
            if (Map(size) is var made and not 0) { return GiveOut(OfSize(size), Shifted(made)); }
            LetGo(0);
            return Map(size) is var again and not 0 ? GiveOut(OfSize(size), Shifted(again)) : 0;
        }
    }

    /// <summary>Takes back a block that <see cref="Take"/> gave out; false if it did not.</summary>
    public bool Return(nint address)
    {
        lock (_lock)
        {
            if (!_used.Remove(address, out var to)) { return false; }
            to.GivenOut--;
            InUse -= to.Size;
            Keep(to, address);
            return true;
        }
    }

    /// <summary>Lets <see cref="PeakInUse"/> begin again.</summary>
    public void StartPeak()
    {
        lock (_lock) { PeakInUse = InUse; }
    }

    /// <summary>Gives all that is kept back to the system and forgets what was in use before.</summary>
    public void Release()
    {
        lock (_lock)
        {
            LetGo(0);
            MostInUse = InUse;
        }
    }

    private nint GiveOut(SizeClass of, nint address)
    {
        _used.Add(address, of);
        of.GivenOut++;
        InUse += of.Size;
        MostInUse = Math.Max(MostInUse, InUse);
        PeakInUse = Math.Max(PeakInUse, InUse);
        Largest = Math.Max(Largest, of.Size);
        return address;
    }

    private void Keep(SizeClass of, nint address)
    {
        of.Free.Add(address);
        of.LastUsed = ++_clock;
        _kept.Add(PageOf(address), of);
        Kept += of.Size;
    }

    private void Leave(SizeClass of, nint address)
    {
        of.Free.RemoveAt(of.Free.LastIndexOf(address));
        _kept.Remove(PageOf(address));
        Kept -= of.Size;
    }

    private void Forget(SizeClass of)
    {
        if (of.Free.Count > 0 || of.GivenOut > 0) { return; }
        _classes.Remove(of.Size);
        _spare.Push(of);
    }

    // From the shortest row of kept blocks that is long enough; what is left of the last one stays, unless it is of no use to anybody.
    private (nint Page, long Size)? Cut(long size)
    {
        var (best, shortest, begin, end) = ((nint)0, long.MaxValue, (nint)0, (nint)0);
        for (var i = 0; i <= _kept.Count; i++)
        {
            var page = i < _kept.Count ? _kept.GetKeyAtIndex(i) : 0;
            if (page != end)
            {
                if (end - begin >= size && end - begin < shortest) { (best, shortest) = (begin, end - begin); }
                begin = page;
            }

            if (i < _kept.Count) { end = page + (nint)_kept.GetValueAtIndex(i).Size; }
        }

        if (best == 0) { return null; }
        var covered = 0L;
        while (covered < size)
        {
            var of = _kept[best + (nint)covered];
            Leave(of, AddressAt(of, best + (nint)covered));
            covered += of.Size;
            Forget(of);
        }

        if (covered - size < TorchAllocator.Least) { return (best, covered); }
        Keep(OfSize(covered - size), Shifted(best + (nint)size));
        return (best, size);
    }

    private static nint AddressAt(SizeClass of, nint page)
    {
        var last = of.Free.Count - 1;
        while (PageOf(of.Free[last]) != page) { last--; }
        return of.Free[last];
    }

    private static nint PageOf(nint address) => address / PageSize * PageSize;

    // Tensors that all began a page would meet in the same sets of the cache.
    private nint Shifted(nint page) => page + (64 * (nint)(++_mapped % 61));

    private SizeClass OfSize(long size)
    {
        if (_classes.TryGetValue(size, out var found)) { return found; }
        if (!_spare.TryPop(out found)) { found = new SizeClass(); }
        found.Size = size;
        _classes.Add(size, found);
        return found;
    }

    // The same size, else the smallest that is an eighth too large at most.
    private SizeClass? Free(long size)
    {
        if (_classes.TryGetValue(size, out var same) && same.Free.Count > 0) { return same; }
        SizeClass? best = null;
        foreach (var other in _classes.Values)
        {
            if (other.Free.Count > 0 && other.Size >= size && other.Size <= size + (size / 8) && (best is null || other.Size < best.Size)) { best = other; }
        }

        return best;
    }

    private void LetGo(long allowed)
    {
        while (Kept > Math.Max(0, allowed))
        {
            SizeClass? oldest = null;
            foreach (var of in _classes.Values)
            {
                if (of.Free.Count > 0 && (oldest is null || of.LastUsed < oldest.LastUsed)) { oldest = of; }
            }

            var (address, size) = (oldest!.Free[^1], oldest.Size);
            Leave(oldest, address);
            Forget(oldest);
            _ = Unmap(PageOf(address), (nuint)size);
        }
    }

    // Behind the last one, if the system follows the hint: it would leave gaps between large mappings.
    private nint Map(long size)
    {
        const int readWrite = 3, privateAnonymous = 0x22, hugePages = 14;
        var address = Map((nint)_next, (nuint)size, readWrite, privateAnonymous, -1, 0);
        if (address == -1) { return 0; }
        _next = address + size;
        if (_next - FirstPlace is < 0 or > Places) { _next = FirstPlace; }
        if (size >= 2 * HugePage) { _ = Advise(address, (nuint)size, hugePages); }
        return address;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nuint length, int advice);

    private sealed class SizeClass
    {
        public long Size { get; set; }

        public List<nint> Free { get; } = new(16);

        public int GivenOut { get; set; }

        public long LastUsed { get; set; }
    }
}
