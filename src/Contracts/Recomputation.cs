namespace Contracts;

/// <summary>Which activations are kept for the backward pass, and which are made again in it.</summary>
public static class Recomputation
{
    // So far inversion in single precision leaves gradients as exact as they are without it (bench fidelity).
    private const int LayersInSinglePrecision = 28;

    /// <summary>Layers K from one anchor of a reversible stack to the next; 0: none.</summary>
    public static int AnchorEvery(RunSpec spec) => spec.Training.AnchorEvery ?? 0;

    /// <summary>
    /// Whether a reversible stack carries its channels in double precision from layer to layer: where it is deep and no anchors are asked for. Costs
    /// 1.5·N·D values at any depth; each layer is still computed in single precision.
    /// </summary>
    public static bool CarriesDouble(RunSpec spec) =>
        spec.Model.Backbone == Backbone.Reversible && spec.Training.AnchorEvery is null && spec.Model.Layers > LayersInSinglePrecision;

    /// <summary>
    /// Numbers of layers, from the first on, that run again in the backward pass, a segment at a time: what the spec says, or as few as keep it
    /// within its memory budget.
    /// </summary>
    public static IReadOnlyList<int> Segments(RunSpec spec) => spec.Training switch
    {
        { Recompute: Recompute.Layer } => [.. Enumerable.Repeat(1, spec.Model.Layers)],
        { Recompute: Recompute.Sqrt } => Segments(spec.Model, kept: 0),
        { MemoryBudgetMiB: { } budget } when CanRunAgain(spec.Model.Backbone) && DatasetCatalog.Find(spec.Data.Dataset)?.Describe([]) is { } data => Within((long)budget << 20, spec, data),
        _ => [],
    };

    /// <summary>Whether the layers of a backbone keep anything that could be saved.</summary>
    public static bool CanRunAgain(Backbone backbone) => backbone is not (Backbone.Reversible or Backbone.FixedPoint or Backbone.Appnp);

    // The more layers keep their activations, the fewer run twice.
    private static List<int> Within(long budget, RunSpec spec, DatasetInfo data)
    {
        bool Fits(List<int> segments) => MemoryOfData.IsCloud(data.Task) || !(MemoryEstimate.Reckoned(spec, data, segments).TotalBytes > budget);
        if (Fits([])) { return []; }
        var (fits, tooMany) = (0, spec.Model.Layers);
        while (tooMany - fits > 1)
        {
            var middle = (fits + tooMany) / 2;
            if (Fits(Segments(spec.Model, middle))) { fits = middle; } else { tooMany = middle; }
        }

        return Segments(spec.Model, fits);
    }

    // The input of a segment is let go once it has run again. With r rows that a layer keeps, segment j = 1, 2, … finds j inputs and makes r·s_j
    // rows: never more than M at s_j = (M − j)/r, and least at M = √(2·r·L), where segments of one length would need 2·√(r·L).
    private static List<int> Segments(ModelSpec model, int kept)
    {
        var (rows, wanted) = (RowsKept(model), model.Layers - kept);
        for (var most = (int)rows + 1; ; most++)
        {
            var lengths = new List<int>();
            for (var (left, j) = (wanted, 1); left > 0 && (most - j) / rows >= 1; j++)
            {
                lengths.Add(Math.Min(left, (int)((most - j) / rows)));
                left -= lengths[^1];
            }

            if (lengths.Sum() == wanted) { return lengths; }
        }
    }

    // Rows of N·D values a layer keeps, about.
    private static double RowsKept(ModelSpec model) => model.Convolution switch
    {
        Convolution.Gen or Convolution.Gin or Convolution.Gine or Convolution.Edge => 5,
        _ => 3,
    };
}
