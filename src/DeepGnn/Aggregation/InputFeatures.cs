using DeepGnn.Datasets;
using DeepGnn.Graphs;
using DeepGnn.Memory;
using DeepGnn.Runtime;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation;

/// <summary>
/// Node features X [N, F] on a device, as the first layer meets them: constants, often almost all zero (Cora: 1.3 % of 3.9 million entries
/// are not). Sparse ones are kept as a bipartite graph from features to nodes, so that X Wᵀ is one aggregation over the stored entries and
/// dropout draws one number for each of them; a zero is dropped without being drawn, which leaves the distribution as it is.
/// </summary>
public sealed class InputFeatures : IDisposable
{
    // Above this share of stored entries the dense product is the faster one.
    private const double SparseShare = 0.25;

    private readonly FeatureMatrix? _sparse;
    private readonly int _rows;
    private readonly Graph? _entries; // an edge N + f → n for each stored entry (n, f)
    private readonly Tensor _values;  // [stored entries] when sparse, [N, F] when dense

    /// <summary>Copies the features to the device.</summary>
    public InputFeatures(FeatureMatrix matrix, Device device)
    {
        using var scope = NewDisposeScope();
        (_rows, FeatureCount) = (matrix.RowCount, matrix.ColumnCount);
        var sparse = matrix.Values.Length < SparseShare * matrix.RowCount * matrix.ColumnCount;
        if (sparse)
        {
            _sparse = matrix;
            _entries = EntriesOf(matrix);
            _values = OwnMemory.Copy(matrix.Values, device).DetachFromDisposeScope();
        }
        else
        {
            _values = OwnMemory.Copy(matrix.IsComplete ? matrix.Values : matrix.ToDense(), device, matrix.RowCount, matrix.ColumnCount).DetachFromDisposeScope();
        }
    }

    private InputFeatures(Tensor dense)
    {
        (_rows, FeatureCount) = ((int)dense.shape[0], (int)dense.shape[1]);
        _values = dense.DetachFromDisposeScope();
    }

    /// <summary>Number of features F.</summary>
    public int FeatureCount { get; }

    /// <summary>Whether the matrix given is kept: it is where it is sparse.</summary>
    internal bool KeepsMatrix => _sparse is not null;

    /// <summary>What the first layer reads, and the matrix where it is kept.</summary>
    internal HeldBytes Held => (_sparse?.Held ?? default) + HeldBytes.OfTensors(_values) + (_entries?.Held ?? default);

    /// <summary>The rows of some nodes, on the same device; the caller disposes them.</summary>
    /// <exception cref="ArgumentException">A node that is not there.</exception>
    public InputFeatures Pick(IReadOnlyList<int> nodes)
    {
        if (_sparse is not null) { return new(_sparse.Pick(nodes), _values.device); }
        for (var i = 0; i < nodes.Count; i++)
        {
            if ((uint)nodes[i] >= (uint)_rows) { throw new ArgumentException($"row {i}: found node {nodes[i]}, needed a node from 0 to {_rows - 1}"); }
        }

        // No array on the way: the collector would be slow to give it back.
        using var rows = tensor([.. nodes], int32, _values.device);
        return new(_values.index_select(0, rows));
    }

    /// <summary>dropout(X) Wᵀ, with a gradient for W alone.</summary>
    /// <param name="weight">W [D, F].</param>
    /// <param name="dropout">Probability with which an entry is zeroed; 0 outside training.</param>
    /// <returns>[N, D].</returns>
    public Tensor Times(Tensor weight, double dropout)
    {
        using var scope = NewDisposeScope();
        var values = Dropped(_values, dropout);
        if (_entries is null) { return values.matmul(weight.t()).MoveToOuterDisposeScope(); }

        var nodes = zeros([_rows, weight.shape[0]], weight.dtype, weight.device);
        var sums = Aggregate.Sum(cat([nodes, weight.t()], dim: 0), _entries, values); // [N + F, D]
        return sums.narrow(0, 0, _rows).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>dropout(X) as a dense tensor [N, F].</summary>
    public Tensor ToDense(double dropout)
    {
        using var scope = NewDisposeScope();
        var values = Dropped(_values, dropout);
        if (_entries is null) { return values.alias().MoveToOuterDisposeScope(); }

        var (rows, columns) = Indices();
        var dense = zeros([_rows, FeatureCount], values.dtype, values.device);
        return dense.index_put_(values, rows.to(values.device), columns.to(values.device)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _values.Dispose();
        _entries?.ReleaseTensors();
    }

    private static Tensor Dropped(Tensor values, double dropout) => dropout > 0 ? HashDropout.Apply(values, dropout, training: true) : values;

    private (Tensor Rows, Tensor Columns) Indices() =>
        (tensor(_entries!.Targets, int64), tensor(_sparse!.Columns, int64));

    private static Graph EntriesOf(FeatureMatrix matrix)
    {
        var targets = new int[matrix.Columns.Length];
        for (var n = 0; n < matrix.RowCount; n++) { targets.AsSpan(matrix.Offsets[n]..matrix.Offsets[n + 1]).Fill(n); }
        return new Graph(matrix.RowCount + matrix.ColumnCount, Array.ConvertAll(matrix.Columns, column => matrix.RowCount + column), targets);
    }
}
