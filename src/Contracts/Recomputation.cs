namespace Contracts;

/// <summary>How many layers lie between two activations that are kept for the backward pass.</summary>
public static class Recomputation
{
    private const int MostAnchors = 3;
    private const int ClosestAnchors = 28;

    /// <summary>
    /// Layers K from one anchor of a reversible stack to the next: as the spec says, else the least K ≥ 28 that makes at most three anchors, so
    /// that they cost 3·N·D values at any depth and the drift is that of a quarter of the layers.
    /// </summary>
    public static int AnchorEvery(RunSpec spec) =>
        spec.Training.AnchorEvery ?? Math.Max(ClosestAnchors, DividedUp(spec.Model.Layers, MostAnchors + 1));

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

    private static int DividedUp(int number, int by) => (number + by - 1) / by;
}
