using Contracts;

namespace Conformance.Operators;

/// <summary>Which builder makes which operator.</summary>
public static class OperatorCatalog
{
    private static readonly Dictionary<string, Func<GoldenCase, BuiltOperator>> s_builders = new()
    {
        ["GCNConv"] = SparseConvolutions.Gcn,
        ["GENConv"] = SparseConvolutions.Gen,
        ["DeepGCNLayer"] = Layers.DeepGcn,
        ["SoftmaxAggregation"] = Aggregations.Softmax,
        ["PowerMeanAggregation"] = Aggregations.PowerMean,
        ["GraphConv"] = SparseConvolutions.Graph,
        ["SAGEConv"] = SparseConvolutions.Sage,
        ["GINConv"] = SparseConvolutions.Gin,
        ["GINEConv"] = SparseConvolutions.Gine,
        ["GATConv"] = SparseConvolutions.Gat,
        ["GATv2Conv"] = SparseConvolutions.Gatv2,
        ["GCN2Conv"] = SparseConvolutions.Gcn2,
        ["APPNP"] = SparseConvolutions.Appnp,
        ["GENConv_dgt"] = SparseConvolutions.DeeperGen,
        ["EdgeConv"] = SparseConvolutions.PerceptronEdge,
        ["EdgConv_dgt"] = SparseConvolutions.Edge,
        ["MRConv"] = SparseConvolutions.Mr,
        ["EdgeConv2d"] = CloudConvolutions.Edge,
        ["MRConv2d"] = CloudConvolutions.Mr,
        ["ViG_MRConv2d"] = CloudConvolutions.VigMr,
        ["ViG_GraphSAGE"] = CloudConvolutions.VigSage,
        ["ViG_GINConv2d"] = CloudConvolutions.VigGin,
        ["PlainDynBlock2d"] = golden => CloudConvolutions.DynamicBlock(golden, Backbone.Plain),
        ["ResDynBlock2d"] = golden => CloudConvolutions.DynamicBlock(golden, Backbone.Res),
        ["DenseDynBlock2d"] = golden => CloudConvolutions.DynamicBlock(golden, Backbone.Dense),
        ["knn_graph"] = NeighborGraphs.Knn,
        ["DenseDilatedKnnGraph"] = NeighborGraphs.DenseDilated,
        ["DilatedKnnGraph_sparse"] = NeighborGraphs.SparseDilated,
        ["GroupAddRev"] = Reversible.GroupAddRev,
        ["GroupAdditiveCoupling_dgt"] = Reversible.GroupAdditiveCoupling,
        ["Model_DeeperGCN"] = WholeModels.DeeperGcn,
        ["Model_GCNII"] = WholeModels.Gcnii,
        ["Model_DenseDeepGCN"] = WholeModels.DenseDeepGcn,
        ["BatchNorm"] = Normalizations.Batch,
        ["LayerNorm"] = Normalizations.Layer,
        ["GraphNorm"] = Normalizations.Graph,
        ["GraphSizeNorm"] = Normalizations.GraphSize,
        ["InstanceNorm"] = Normalizations.Instance,
        ["PairNorm"] = Normalizations.Pair,
        ["MeanSubtractionNorm"] = Normalizations.MeanSubtraction,
        ["DiffGroupNorm"] = Normalizations.DiffGroup,
        ["MessageNorm"] = Normalizations.Message,
        ["JumpingKnowledge"] = Layers.Jumping,
    };

    public static BuiltOperator Build(GoldenCase golden) => s_builders.TryGetValue(golden.Operator, out var build)
        ? build(golden)
        : throw new UnsupportedCaseException($"operator {golden.Operator}");
}
