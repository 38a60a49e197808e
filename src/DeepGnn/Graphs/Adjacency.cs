using DeepGnn.Memory;

namespace DeepGnn.Graphs;

/// <summary>
/// Compressed sparse rows over E directed edges: the entries of row i are <c>Offsets[i] .. Offsets[i + 1] - 1</c>. Within a row, entries
/// keep the order of the edge list they were built from, so sums do not depend on anything but the input.
/// </summary>
/// <param name="Offsets">Length N + 1, rising from 0 to E.</param>
/// <param name="Neighbors">Length E: the node at the other end of each entry, in [0, N).</param>
/// <param name="Edges">Length E: the entry's position in the original edge list.</param>
public sealed record Adjacency(int[] Offsets, int[] Neighbors, int[] Edges)
{
    /// <summary>Number of rows N.</summary>
    public int RowCount => Offsets.Length - 1;

    /// <summary>Number of entries E.</summary>
    public int EntryCount => Neighbors.Length;

    internal HeldBytes Held => HeldBytes.OfArrays(Offsets, Neighbors, Edges);

    /// <summary>Entries of one row.</summary>
    public int Degree(int row) => Offsets[row + 1] - Offsets[row];

    private static int[] s_counting = [];

    /// <summary>
    /// The same as <see cref="Group"/>; where the edges are in the order of their rows, as those of a search for neighbours are, <paramref name="neighbors"/>
    /// itself serves and nothing is copied.
    /// </summary>
    internal static Adjacency Of(int rowCount, int[] rows, int[] neighbors)
    {
        for (var e = 1; e < rows.Length; e++)
        {
            if (rows[e] < rows[e - 1]) { return Group(rowCount, rows, neighbors); }
        }

        var offsets = new int[rowCount + 1];
        foreach (var row in rows) { offsets[row + 1]++; }
        for (var i = 0; i < rowCount; i++) { offsets[i + 1] += offsets[i]; }
        return new Adjacency(offsets, neighbors, Counting(rows.Length));
    }

    // 0, 1, 2, …: graphs of one cloud after the other have as many edges, and nobody changes them.
    private static int[] Counting(int count)
    {
        var last = s_counting;
        if (last.Length == count) { return last; }
        return s_counting = [.. Enumerable.Range(0, count)];
    }

    /// <summary>Groups edges by <paramref name="rows"/> with a stable counting sort, O(N + E).</summary>
    /// <param name="rowCount">Number of rows N.</param>
    /// <param name="rows">Length E: the row of each edge, in [0, N).</param>
    /// <param name="neighbors">Length E: the node at each edge's other end.</param>
    public static Adjacency Group(int rowCount, ReadOnlySpan<int> rows, ReadOnlySpan<int> neighbors)
    {
        var offsets = new int[rowCount + 1];
        foreach (var row in rows) { offsets[row + 1]++; }
        for (var i = 0; i < rowCount; i++) { offsets[i + 1] += offsets[i]; }

        var next = offsets.AsSpan(0, rowCount).ToArray();
        var grouped = new int[rows.Length];
        var edges = new int[rows.Length];
        for (var e = 0; e < rows.Length; e++)
        {
            var at = next[rows[e]]++;
            grouped[at] = neighbors[e];
            edges[at] = e;
        }

        return new Adjacency(offsets, grouped, edges);
    }
}
