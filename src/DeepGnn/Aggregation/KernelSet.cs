namespace DeepGnn.Aggregation;

/// <summary>Which implementation reduces over edges.</summary>
public enum KernelSet
{
    /// <summary>C# kernels over compressed sparse rows; CPU tensors of float32 or float64 only.</summary>
    Simd,

    /// <summary>libtorch operators on edge chunks of bounded size; any device and floating type.</summary>
    Torch,
}
