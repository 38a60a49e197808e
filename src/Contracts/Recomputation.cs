namespace Contracts;

/// <summary>How many layers lie between two activations that are kept for the backward pass.</summary>
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

    /// <summary>Layers of a segment that is run again in the backward pass; 0: none is.</summary>
    public static int SegmentLayers(RunSpec spec) => spec.Training.Recompute switch
    {
        Recompute.Layer => 1,
        Recompute.Sqrt => Math.Max(1, (int)Math.Round(Math.Sqrt(spec.Model.Layers / RowsKept(spec.Model)))),
        _ => 0,
    };

    // With s layers a segment, L/s inputs and s·r rows of one segment are kept: least at s = √(L/r). Rows of N·D values a layer keeps, about.
    private static double RowsKept(ModelSpec model) => model.Convolution switch
    {
        Convolution.Gen => 6,
        Convolution.Gin or Convolution.Gine or Convolution.Edge => 5,
        _ => 3,
    };
}
