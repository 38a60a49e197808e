using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using DeepGnn.Aggregation.Simd;
using static TorchSharp.torch;

namespace DeepGnn.Graphs;

/// <summary>
/// Nearest points of each point of one cloud in many dimensions, on the CPU. The product of two points is computed once and offered to both: blocks of points
/// meet in pairs, and each point keeps its candidates from pair to pair. Which pair comes first changes the order in which candidates wait, not which are
/// nearest. Where candidates of all points are too many to hold, bands of points are centres one after the other.
/// </summary>
internal sealed unsafe class PairScan<T, TKey> : IDisposable
    where T : unmanaged, IFloatingPointIeee754<T>
    where TKey : unmanaged, IBinaryInteger<TKey>, IUnsignedNumber<TKey>
{
    /// <summary>Points of a block: whole panels of float32 and of float64 that stay in the second cache with their products.</summary>
    private const int Block = 192;

    /// <summary>Points of a block whose products are turned at once.</summary>
    private const int Strip = 48;

    /// <summary>Bytes of candidates held at once.</summary>
    private const long MostHeld = 24 << 20;

    /// <summary>They lie in pieces of so many bytes, whatever their number, so that the next search, which may want more of each point, gets the same.</summary>
    private const long HeldPiece = 512 << 10;

    private const int Ahead = 4;

    private static readonly int s_panels = Block / PanelProduct<T>.Width;

    private readonly NeighborScan<T, TKey> _scan;
    private readonly int _points;
    private readonly int _dimensions;
    private readonly int _blocks;
    private readonly int _band;
    private readonly int _places;
    private readonly int _together;
    private readonly T* _panels;
    private readonly T* _squares;
    private readonly Tensor[] _held;
    private readonly nint[] _keys;
    private readonly T[] _limits;
    private readonly int[] _counts;
    private readonly Lock[] _gates;
    private readonly int _threads = Math.Max(1, get_num_threads());

    /// <param name="scan">What is asked for.</param>
    /// <param name="x">[N, C], contiguous.</param>
    /// <param name="squares">|x|², [N].</param>
    public PairScan(NeighborScan<T, TKey> scan, Tensor x, Tensor squares)
    {
        (_scan, _points, _dimensions) = (scan, (int)x.shape[0], (int)x.shape[1]);
        _blocks = (_points + Block - 1) / Block;
        _places = NearestKept<T, TKey>.BufferSize(scan.Wanted) / 2;
        _band = (int)Math.Clamp(MostHeld / (Block * (long)_places * sizeof(TKey)), 1, _blocks);
        _panels = Allocate<T>((long)_blocks * Block * _dimensions);
        _squares = Allocate<T>((long)_blocks * Block);
        var piece = Math.Max(HeldPiece, (long)_places * sizeof(TKey));
        _together = (int)(piece / (_places * sizeof(TKey)));
        _held = [.. Enumerable.Range(0, ((_band * Block) + _together - 1) / _together).Select(_ => empty(piece, uint8))];
        _keys = [.. _held.Select(each => (nint)Rows.Of<byte>(each))];
        (_limits, _counts) = (new T[_band * Block], new int[_band * Block]);
        _gates = [.. Enumerable.Range(0, _band).Select(_ => new Lock())];

        new ReadOnlySpan<T>(Rows.Of<T>(squares), _points).CopyTo(new Span<T>(_squares, _points));
        new Span<T>(_squares + _points, (_blocks * Block) - _points).Fill(T.NaN); // what is no point is near to none
        var from = Rows.Of<T>(x);
        RowTeam.Run(_blocks * s_panels, _threads, p =>
        {
            var first = p * PanelProduct<T>.Width;
            PanelProduct<T>.Pack(from + ((long)first * _dimensions), _dimensions, _points - first, _panels + ((long)first * _dimensions));
        });
    }

    /// <summary>Finds and hands over all.</summary>
    public void Run(Tensor x)
    {
        using var sample = _scan.GuessRank(_points) is { } rank ? new Sample(this, x, rank) : null;
        for (var begin = 0; begin < _blocks; begin += _band) { Run(begin, Math.Min(_band, _blocks - begin), sample); }
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_panels);
        NativeMemory.AlignedFree(_squares);
        foreach (var each in _held) { each.Dispose(); }
    }

    // Centres are the points of blocks begin to begin + count − 1.
    private void Run(int begin, int count, Sample? sample)
    {
        Array.Fill(_limits, T.PositiveInfinity);
        Array.Clear(_counts);
        if (sample is not null) { Share(count, (b, room) => sample.Guess(begin + b, room, _limits.AsSpan(b * Block, Block))); }

        // Each pair of the band once, those that follow one another of different blocks; then the band with the blocks outside.
        var inside = count * (count + 1) / 2;
        Share(inside + (count * (_blocks - count)), (pair, room) =>
        {
            var (one, apart) = pair < inside ? (pair % count, pair / count) : ((pair - inside) % count, (pair - inside) / count);
            var other = pair < inside ? begin + ((one + apart) % count) : apart < begin ? apart : apart + count;
            Products(begin + one, Panels(other), (Count(other) + PanelProduct<T>.Width - 1) / PanelProduct<T>.Width, room.Products, Block);
            lock (_gates[one]) { Offer(begin, one, 0, Count(begin + one), other, room.Products, room); }
            if (pair >= inside || apart == 0) { return; }
            lock (_gates[other - begin])
            {
                for (var first = 0; first < Count(other); first += Strip)
                {
                    PanelProduct<T>.Transpose(room.Products + first, Block, Strip, room.Mirrored);
                    Offer(begin, other - begin, first, Math.Min(Strip, Count(other) - first), begin + one, room.Mirrored, room);
                }
            }
        });

        Share(count, (b, room) =>
        {
            for (var centre = (begin + b) * Block; centre < Math.Min(_points, (begin + b + 1) * Block); centre++) { Hand(begin, centre, room); }
        });
    }

    // Products of some of a block's points, from the first of them on, with all of another block.
    private void Offer(int begin, int block, int first, int count, int other, T* products, Room room)
    {
        for (var row = 0; row < count; row++)
        {
            var at = (block * Block) + first + row;
            if (Sse.IsSupported && row + Ahead < count) { Fetch(at + Ahead); }
            var kept = Kept(begin, at, _limits[at], _counts[at], room);
            kept.OfferProducts(products + (row * Block), _squares + (other * Block), other * Block, Block);
            (_limits[at], _counts[at]) = (kept.Worst, kept.Count);
        }
    }

    private int Count(int block) => Math.Min(Block, _points - (block * Block));

    // Where the next candidates go: no processor guesses it, and it is far from the last centre's.
    private void Fetch(int at)
    {
        var to = (byte*)(Keys(at) + _counts[at]);
        Sse.Prefetch0(to);
        Sse.Prefetch0(to + 64);
        Sse.Prefetch0(to + 128);
    }

    private NearestKept<T, TKey> Kept(int begin, int at, T limit, int count, Room room) => new(
        new Span<TKey>(Keys(at), _places),
        room.Keys,
        _scan.Wanted,
        _scan.Loop ? -1 : (begin * Block) + at,
        limit,
        count);

    private void Hand(int begin, int centre, Room room)
    {
        var at = centre - (begin * Block);
        var kept = Kept(begin, at, _limits[at], _counts[at], room);
        if (kept.Count < Math.Min(_scan.Wanted, _points - (_scan.Loop ? 0 : 1)))
        {
            kept = Kept(begin, at, T.PositiveInfinity, 0, room);
            var four = Row(centre / PanelProduct<T>.Rows * PanelProduct<T>.Rows);
            for (var other = 0; other < _blocks; other++)
            {
                for (var p = 0; p < s_panels; p++)
                {
                    var columns = p * PanelProduct<T>.Width;
                    PanelProduct<T>.Times(four, Panels(other) + ((long)columns * _dimensions), _dimensions, room.Products + columns, Block);
                }

                kept.OfferProducts(room.Products + (centre % PanelProduct<T>.Rows * Block), _squares + (other * Block), other * Block, Block);
            }
        }

        _scan.Hand(centre, ref kept);
    }

    private TKey* Keys(int at) => (TKey*)_keys[at / _together] + ((long)(at % _together) * _places);

    private T* Panels(int block) => _panels + ((long)block * Block * _dimensions);

    private T* Row(int point) => Panels(0) + ((long)(point / PanelProduct<T>.Width) * PanelProduct<T>.Width * _dimensions) + (point % PanelProduct<T>.Width);

    // A panel of the others stays in the first cache while all rows of the block go by.
    private void Products(int block, T* panels, int count, T* products, int step)
    {
        var all = Panels(block);
        var (rowCount, width) = (Count(block), PanelProduct<T>.Width);
        for (var p = 0; p < count; p++, panels += (long)width * _dimensions)
        {
            for (var row = 0; row < rowCount; row += PanelProduct<T>.Rows)
            {
                var rows = all + ((long)(row / width) * width * _dimensions) + (row % width);
                PanelProduct<T>.Times(rows, panels, _dimensions, products + (row * step) + (p * width), step);
            }
        }
    }

    private void Share(int pieces, Action<int, Room> work) => RowTeam.Run(pieces, _threads, piece =>
    {
        var keys = NearestKept<T, TKey>.BufferSize(Math.Max(_scan.Wanted, NeighborScan<T, TKey>.Sample));
        using var products = Rows.Scratch<T>(Block * Math.Max(Block, Sample.Columns));
        using var mirrored = Rows.Scratch<T>(Strip * Block);
        using var ordered = Rows.Scratch<TKey>(keys);
        work(piece, new Room(products.At(0), mirrored.At(0), ordered.At(0), keys));
    });

    private static TValue* Allocate<TValue>(long count) where TValue : unmanaged =>
        (TValue*)NativeMemory.AlignedAlloc((nuint)Math.Max(1, count) * (nuint)sizeof(TValue), 64);

    /// <summary>What a thread works in.</summary>
    private readonly struct Room(T* products, T* mirrored, TKey* keys, int count)
    {
        public T* Products => products;

        public T* Mirrored => mirrored;

        public Span<TKey> Keys => new(keys, count);
    }

    /// <summary>Some points, from whose distances is guessed how near the nearest are.</summary>
    private sealed class Sample : IDisposable
    {
        /// <summary>Whole panels.</summary>
        public static readonly int Columns = (NeighborScan<T, TKey>.Sample + PanelProduct<T>.Width - 1) / PanelProduct<T>.Width * PanelProduct<T>.Width;

        private readonly PairScan<T, TKey> _all;
        private readonly int _rank;
        private readonly T* _panels;
        private readonly T* _squares;

        public Sample(PairScan<T, TKey> all, Tensor x, int rank)
        {
            (_all, _rank) = (all, rank);
            var (dimensions, count, width) = (all._dimensions, NeighborScan<T, TKey>.Sample, PanelProduct<T>.Width);
            _panels = Allocate<T>((long)Columns * dimensions);
            _squares = Allocate<T>(Columns);
            var points = Enumerable.Range(0, count).Select(s => NeighborScan<T, TKey>.SamplePoint(s, all._points)).ToArray();
            using var rows = x[tensor(points.Select(p => (long)p).ToArray())];
            for (var first = 0; first < Columns; first += width)
            {
                PanelProduct<T>.Pack(Rows.Of<T>(rows) + (first * dimensions), dimensions, count - first, _panels + (first * dimensions));
            }

            for (var s = 0; s < Columns; s++) { _squares[s] = s < count ? all._squares[points[s]] : T.NaN; }
        }

        /// <summary>A limit for each point of a block.</summary>
        public void Guess(int block, Room room, Span<T> limits)
        {
            _all.Products(block, _panels, Columns / PanelProduct<T>.Width, room.Products, Columns);
            for (var row = 0; row < _all.Count(block); row++)
            {
                var kept = new NearestKept<T, TKey>(room.Keys, _rank, -1, T.PositiveInfinity);
                kept.OfferProducts(room.Products + (row * Columns), _squares, 0, Columns);
                kept.Cut();
                limits[row] = kept.Worst;
            }
        }

        public void Dispose()
        {
            NativeMemory.AlignedFree(_panels);
            NativeMemory.AlignedFree(_squares);
        }
    }
}
