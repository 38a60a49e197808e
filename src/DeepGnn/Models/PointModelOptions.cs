using Contracts;
using DeepGnn.Convolutions;

namespace DeepGnn.Models;

/// <summary>Which convolution a point-cloud model is made of.</summary>
public enum CloudConvolution
{
    /// <summary><see cref="EdgeConv"/>.</summary>
    Edge,

    /// <summary><see cref="MrConv"/>.</summary>
    MaxRelative,

    /// <summary><see cref="VigSageConv"/>: GraphSAGE with max pooling, as DeepGCNs has it.</summary>
    Sage,

    /// <summary><see cref="GinConv"/> with one layer and a learnt ε.</summary>
    Gin,
}

/// <summary>Where the blocks of a point-cloud model find their neighbours.</summary>
public enum CloudGraph
{
    /// <summary>In the features of the block before, found anew for each block in each pass.</summary>
    Dynamic,

    /// <summary>In the coordinates, found once for each cloud in each pass.</summary>
    Static,
}

/// <summary>What segmentation and classification of point clouds have in common: head and blocks.</summary>
public abstract record PointModelOptions
{
    /// <summary>Input channels; the first three are coordinates.</summary>
    public required int InChannels { get; init; }

    /// <summary>Number of classes.</summary>
    public required int Classes { get; init; }

    /// <summary>Channels of each block.</summary>
    public int Channels { get; init; } = 64;

    /// <summary>Blocks, the head included.</summary>
    public int Blocks { get; init; } = 28;

    /// <summary>Neighbours k, the point itself among them.</summary>
    public int K { get; init; } = 16;

    /// <summary>Plain, Res or Dense.</summary>
    public Backbone Block { get; init; } = Backbone.Res;

    /// <summary>The convolution.</summary>
    public CloudConvolution Convolution { get; init; } = CloudConvolution.Edge;

    /// <summary>Where neighbours are looked for.</summary>
    public CloudGraph Graph { get; init; } = CloudGraph.Dynamic;

    /// <summary>
    /// Whether block i after the head takes every i-th of its k·i nearest neighbours, or the k nearest. Null is the reference's choice: all
    /// but plain blocks are dilated.
    /// </summary>
    public bool? Dilated { get; init; }

    /// <summary>Probability of random instead of regular dilated neighbours while training.</summary>
    public double Epsilon { get; init; } = 0.2;

    /// <summary>With a static graph: neighbours farther than this (in the unit of the coordinates) are left out; null keeps all.</summary>
    public double? Radius { get; init; }

    /// <summary>Layers of head and blocks: linear → activation → norm.</summary>
    public LayerOptions Layer { get; init; } = new() { Norm = HiddenNorm.Batch, NormFirst = false };

    /// <summary>Channels to which all blocks together are mapped before they are pooled over the cloud.</summary>
    public int Fusion { get; init; } = 1024;

    /// <summary>Hidden channels of the prediction.</summary>
    public (int First, int Second) Hidden { get; init; } = (512, 256);

    /// <summary>Probability of a value being dropped in the prediction while training.</summary>
    public double Dropout { get; init; }

    /// <summary>Points that each cloud must have: k times the largest dilation.</summary>
    public int PointsNeeded => checked(K * Dilation(Math.Max(0, Blocks - 2)));

    /// <summary>Dilation d of a block after the head, counted from 0.</summary>
    public int Dilation(int block) => Dilated ?? (Block != Backbone.Plain) ? block + 1 : 1;

    /// <summary>Says whether clouds of this many points will do, before any training.</summary>
    /// <exception cref="ArgumentException">Too few points for k·d: says both numbers. Or a radius without a static graph.</exception>
    public void Check(int pointsOfCloud)
    {
        if (pointsOfCloud < PointsNeeded)
        {
            throw new ArgumentException(
                $"clouds of {pointsOfCloud} points: needed at least k·dilation = {K}·{PointsNeeded / K} = {PointsNeeded} for {Blocks} blocks");
        }

        if (Radius is { } radius && (Graph != CloudGraph.Static || !(radius > 0)))
        {
            throw new ArgumentException($"radius: found {radius} with a {Graph} graph, needed above 0 with a Static one");
        }
    }
}
