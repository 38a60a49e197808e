using DeepGnn.Graphs;
using TorchSharp;

namespace DeepGnn.Aggregation.Simd;

/// <summary>
/// Shares the rows of an adjacency among threads. Rows are cut into a fixed number of pieces with about as many edges each, whatever the
/// number of threads, and a row belongs to one piece: results are the same bits on any number of threads.
/// </summary>
internal static class RowWork
{
    /// <summary>Enough for an even load on many cores, few enough that starting a piece costs nothing.</summary>
    public const int Pieces = 64;

    /// <summary>Below this many values a thread pool costs more than it gives.</summary>
    private const long WorthSharing = 1 << 16;

    /// <summary>Does the rows of piece p, from first to last − 1.</summary>
    public delegate void Piece(int piece, int first, int last);

    /// <summary>Calls <paramref name="work"/> for each piece, on as many threads as libtorch may use.</summary>
    public static void Run(Adjacency rows, int width, Piece work, int most = Pieces)
    {
        var pieces = rows.RowCount < most ? 1 : most;
        var starts = Starts(rows.Offsets, pieces);
        Share(pieces, ((long)rows.EntryCount + rows.RowCount) * width, p => work(p, starts[p], starts[p + 1]));
    }

    /// <summary>The same for work that is equal in all rows.</summary>
    public static void Over(int rows, int width, Piece work, int most = Pieces)
    {
        var pieces = rows < most ? 1 : most;
        Share(pieces, (long)rows * width, p => work(p, (int)((long)rows * p / pieces), (int)((long)rows * (p + 1) / pieces)));
    }

    private static void Share(int pieces, long values, Action<int> work)
    {
        var threads = values < WorthSharing ? 1 : Math.Max(1, torch.get_num_threads());
        RowTeam.Run(pieces, threads, work);
    }

    private static int[] Starts(int[] offsets, int pieces)
    {
        var rows = offsets.Length - 1;
        var starts = new int[pieces + 1];
        var total = (long)offsets[rows] + rows;
        var row = 0;
        for (var p = 1; p < pieces; p++)
        {
            var share = total * p / pieces;
            var (low, high) = (row, rows);
            while (low < high)
            {
                var middle = (low + high) / 2;
                if ((long)offsets[middle] + middle < share) { low = middle + 1; }
                else { high = middle; }
            }

            row = low;
            starts[p] = row;
        }

        starts[pieces] = rows;
        return starts;
    }
}
