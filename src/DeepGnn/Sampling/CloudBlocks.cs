using DeepGnn.Datasets;
using DeepGnn.Datasets.PointClouds;

namespace DeepGnn.Sampling;

/// <summary>
/// Cuts clouds into blocks of P points: random ones around random points to train on, and a cover in which each point is scored exactly once
/// to evaluate. Blocks stand on the plane of x and y and reach over all heights.
/// Source of the columns: Qi et al., "PointNet", arXiv 1612.00593, section 5.1 and its code for S3DIS.
/// </summary>
public sealed class CloudBlocks
{
    private readonly PointCloudDataset _data;
    private readonly CloudBlockOptions _options;

    /// <summary>Blocks of a set's clouds.</summary>
    /// <exception cref="ArgumentException">P below 1 or a side that is not above 0.</exception>
    public CloudBlocks(PointCloudDataset data, CloudBlockOptions options)
    {
        if (options.Points < 1) { throw new ArgumentException($"points: found {options.Points}, needed at least 1", nameof(options)); }
        if (options.Side is { } side && !(side > 0)) { throw new ArgumentException($"side: found {side}, needed above 0", nameof(options)); }
        (_data, _options) = (data, options);
    }

    /// <summary>
    /// Blocks around random points, in random order. The clouds' points, one cloud after the other, are cut into as many equal stretches as
    /// there are blocks, and each stretch gives one centre: every cloud has its share.
    /// </summary>
    /// <param name="clouds">Clouds to take from.</param>
    /// <param name="count">Blocks.</param>
    /// <param name="seed">Equal seeds give equal blocks.</param>
    public IReadOnlyList<CloudBlock> Random(IReadOnlyList<int> clouds, int count, int seed)
    {
        var random = new SeededRandom(seed, stream: 11);
        var total = clouds.Sum(cloud => (long)_data.Clouds[cloud].PointCount);
        var blocks = new CloudBlock[count];
        var (at, before) = (0, 0L);
        for (var b = 0; b < count; b++)
        {
            var centre = Math.Min(total - 1, (long)((b + random.NextDouble()) * total / count));
            while (centre >= before + _data.Clouds[clouds[at]].PointCount) { before += _data.Clouds[clouds[at++]].PointCount; }
            blocks[b] = Around(clouds[at], (int)(centre - before), random);
        }

        int[] order = [.. Enumerable.Range(0, count)];
        random.Shuffle(order);
        return [.. order.Select(b => blocks[b])];
    }

    /// <summary>
    /// Blocks that score each point of a cloud exactly once. Columns: a grid of equal cells no wider than the side; a cell of more than P
    /// points is thinned into several blocks. Without a side: the cloud is halved at the median, across its longer side, until no part has
    /// more than P points, and each part is filled up with the points around it.
    /// </summary>
    public IReadOnlyList<CloudBlock> Cover(int cloud) =>
        _options.Side is { } side ? Grid(cloud, side) : [.. Halved(cloud, [.. Enumerable.Range(0, _data.Clouds[cloud].PointCount)])];

    private CloudBlock Around(int cloud, int point, SeededRandom random)
    {
        var positions = _data.Clouds[cloud].Positions;
        var (x, y) = (positions[3 * point], positions[(3 * point) + 1]);
        var points = _options.Side is { } side
            ? PointChoice.Random(Column(positions, x, y, side / 2), _options.Points, random)
            : PointChoice.Random(Nearest(positions, x, y).AsSpan(0, Math.Min(_options.Points, positions.Length / 3)), _options.Points, random);
        return new(cloud, points, points.Length, (x, y));
    }

    private static int[] Column(float[] positions, float x, float y, double half) =>
        [.. Enumerable.Range(0, positions.Length / 3).Where(i => Math.Abs(positions[3 * i] - x) <= half && Math.Abs(positions[(3 * i) + 1] - y) <= half)];

    private static int[] Nearest(float[] positions, float x, float y)
    {
        int[] points = [.. Enumerable.Range(0, positions.Length / 3)];
        float[] distances = [.. points.Select(i => Square(positions[3 * i] - x) + Square(positions[(3 * i) + 1] - y))];
        Array.Sort(distances, points);
        return points;
    }

    private static float Square(float value) => value * value;

    private List<CloudBlock> Grid(int cloud, double side)
    {
        var positions = _data.Clouds[cloud].Positions;
        var every = Enumerable.Range(0, positions.Length / 3).ToArray();
        var (x, y) = (CellsOf(positions, every, 0, side), CellsOf(positions, every, 1, side));
        var blocks = new List<CloudBlock>();
        foreach (var cell in every.GroupBy(i => (X: x.Of(positions[3 * i]), Y: y.Of(positions[(3 * i) + 1]))))
        {
            var own = cell.ToArray();
            var parts = (own.Length + _options.Points - 1) / _options.Points;
            for (var part = 0; part < parts; part++)
            {
                // Every parts-th point is this block's; where they are too few, those of the next parts stand beside them.
                var rotated = Enumerable.Range(0, own.Length).OrderBy(i => (i - part + parts) % parts).Select(i => own[i]).ToArray();
                var scored = (own.Length - part + parts - 1) / parts;
                blocks.Add(new(cloud, PointChoice.Cyclic(rotated, _options.Points), scored, (x.Middle(cell.Key.X), y.Middle(cell.Key.Y))));
            }
        }

        return blocks;
    }

    private static AxisCells CellsOf(float[] positions, int[] points, int axis, double side)
    {
        var (low, high) = Range(positions, points, axis);
        var count = Math.Max(1, (int)Math.Ceiling((high - low) / side));
        return new(low, count, Math.Max(high - low, 1e-6) / count);
    }

    private IEnumerable<CloudBlock> Halved(int cloud, int[] part)
    {
        var positions = _data.Clouds[cloud].Positions;
        var (x, y) = (Range(positions, part, 0), Range(positions, part, 1));
        if (part.Length > _options.Points)
        {
            var axis = x.High - x.Low >= y.High - y.Low ? 0 : 1;
            Array.Sort(Array.ConvertAll(part, i => positions[(3 * i) + axis]), part);
            return Halved(cloud, part[..(part.Length / 2)]).Concat(Halved(cloud, part[(part.Length / 2)..]));
        }

        var centre = (X: (x.Low + x.High) / 2, Y: (y.Low + y.High) / 2);
        var own = part.ToHashSet();
        int[] filled = [.. part, .. Nearest(positions, centre.X, centre.Y).Where(i => !own.Contains(i))];
        return [new(cloud, PointChoice.Cyclic(filled, _options.Points), part.Length, centre)];
    }

    private static (float Low, float High) Range(float[] positions, int[] points, int axis)
    {
        var along = points.Select(i => positions[(3 * i) + axis]);
        return (along.Min(), along.Max());
    }

    /// <summary>Equal cells along one axis.</summary>
    private readonly record struct AxisCells(double Low, int Count, double Width)
    {
        public int Of(float value) => Math.Min(Count - 1, (int)((value - Low) / Width));

        public float Middle(int cell) => (float)(Low + ((cell + 0.5) * Width));
    }
}
