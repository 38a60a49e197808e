namespace Contracts;

public static partial class RunSpecValidation
{
    private static void CheckModel(ModelSpec model, List<SpecFault> faults)
    {
        Between(faults, "$.model.layers", model.Layers, 1, MaxLayers);
        Between(faults, "$.model.hiddenChannels", model.HiddenChannels, 1, MaxHiddenChannels);
        Between(faults, "$.model.dropout", model.Dropout, 0, 0.99);
        Between(faults, "$.model.inputDropout", model.InputDropout, 0, 0.99);
        Between(faults, "$.model.alpha", model.Alpha, 0, 1);
        Between(faults, "$.model.theta", model.Theta, 0, 100);
        CheckHeads(model, faults);
        Between(faults, "$.model.dropEdge", model.DropEdge, 0, 0.99);
        Between(faults, "$.model.dropNode", model.DropNode, 0, 0.99);
        Between(faults, "$.model.temperature", model.Temperature, 1e-3, 1e3);
        Between(faults, "$.model.fusionChannels", model.FusionChannels, 1, MaxHiddenChannels);
        Between(faults, "$.model.mlpLayers", model.MlpLayers, 1, 8);
        Known(faults, "$.model.convolution", model.Convolution);
        Known(faults, "$.model.backbone", model.Backbone);
        Known(faults, "$.model.normalization", model.Normalization);
        Known(faults, "$.model.stem", model.Stem);
        Known(faults, "$.model.fusion", model.Fusion);
        Known(faults, "$.model.prediction", model.Prediction);
        Known(faults, "$.model.aggregation", model.Aggregation);
        Known(faults, "$.model.readout", model.Readout);
        CheckAggregation(model, faults);
        CheckTied(model, faults);
        CheckFusion(model, faults);
        if (model.Neighborhood is null) { faults.Add(Missing("$.model.neighborhood")); } else { CheckNeighborhood(model.Neighborhood, faults); }

        if (model.PredictionHidden is null) { faults.Add(Missing("$.model.predictionHidden")); return; }
        if (model.PredictionHidden.Count > 8) { faults.Add(new("$.model.predictionHidden", $"found {model.PredictionHidden.Count} layers, needed at most 8")); }
        for (var i = 0; i < Math.Min(model.PredictionHidden.Count, 9); i++)
        {
            Between(faults, $"$.model.predictionHidden[{i}]", model.PredictionHidden[i], 1, MaxHiddenChannels);
        }

        if (model.Backbone == Backbone.Initial) { CheckInitial(model, faults); }
        if (model.Backbone == Backbone.Reversible) { CheckReversible(model, faults); }
        if (model.Backbone is Backbone.Reversible or Backbone.FixedPoint) { CheckEqualLayers(model, faults); }
        if (model.Backbone == Backbone.Appnp) { CheckAppnp(model, faults); }
        if (model.Prediction == Prediction.Convolution)
        {
            if (model.PredictionHidden.Count > 0) { faults.Add(new("$.model.predictionHidden", "found hidden layers, needed none when the prediction is a convolution")); }
            if (model.Fusion != Fusion.Last) { faults.Add(new("$.model.fusion", "found a fusion of all layers, needed \"last\" when the prediction is a convolution")); }
            if (model.Stem == Stem.Convolution && model.Layers < 2) { faults.Add(new("$.model.layers", $"found {model.Layers}, needed at least 2 when stem and prediction are convolutions")); }
        }
    }

    private static void CheckHeads(ModelSpec model, List<SpecFault> faults)
    {
        Between(faults, "$.model.heads", model.Heads, 1, 64);
        if (model.Convolution is not (Convolution.Gat or Convolution.Gatv2) || model.Heads is < 1 or > 64) { return; }
        if (model.HiddenChannels % model.Heads != 0)
        {
            faults.Add(new("$.model.heads", $"found {model.Heads} heads for {model.HiddenChannels} hidden channels, needed a number that divides them"));
        }
    }

    // GCNII is defined for the GCN propagation on equal widths; its first features are what the stem gives.
    private static void CheckInitial(ModelSpec model, List<SpecFault> faults)
    {
        if (model.Convolution != Convolution.Gcn) { faults.Add(new("$.model.convolution", $"found {model.Convolution}, needed \"gcn\" with backbone \"initial\"")); }
        if (model.Stem != Stem.Linear) { faults.Add(new("$.model.stem", "found a convolution, needed \"linear\" with backbone \"initial\"")); }
        if (model.Prediction != Prediction.Mlp) { faults.Add(new("$.model.prediction", "found a convolution, needed \"mlp\" with backbone \"initial\"")); }
    }

    private static void CheckReversible(ModelSpec model, List<SpecFault> faults)
    {
        if (model.Groups < 2 || model.HiddenChannels % model.Groups != 0)
        {
            faults.Add(new("$.model.groups", $"found {model.Groups} groups for {model.HiddenChannels} hidden channels, needed at least 2 that divide them"));
        }
    }

    // Layers of equal width that are evaluated more than once in a step.
    private static void CheckEqualLayers(ModelSpec model, List<SpecFault> faults)
    {
        var backbone = ContractJson.NameOf(model.Backbone);
        if (model.Normalization is Normalization.Batch or Normalization.Group)
        {
            faults.Add(new("$.model.normalization", $"found {model.Normalization}, which keeps statistics over batches, needed one without them with backbone \"{backbone}\""));
        }

        if (model.Stem != Stem.Linear) { faults.Add(new("$.model.stem", $"found a convolution, needed \"linear\" with backbone \"{backbone}\"")); }
        if (model.Fusion != Fusion.Last) { faults.Add(new("$.model.fusion", $"found a fusion of all layers, needed \"last\" with backbone \"{backbone}\", which keeps the last one alone")); }
    }

    // What a convolution can aggregate by; "default" is always its own.
    private static void CheckAggregation(ModelSpec model, List<SpecFault> faults)
    {
        Aggregation[] possible = model.Convolution switch
        {
            Convolution.Gen => Enum.GetValues<Aggregation>(),
            Convolution.Sage or Convolution.Graph => [Aggregation.Default, Aggregation.Mean, Aggregation.Max, Aggregation.Sum],
            _ => [Aggregation.Default],
        };
        if (Enum.IsDefined(model.Aggregation) && !possible.Contains(model.Aggregation))
        {
            faults.Add(new("$.model.aggregation",
                $"found \"{ContractJson.NameOf(model.Aggregation)}\", needed one of {string.Join(", ", possible.Select(each => ContractJson.NameOf(each)))} with convolution \"{ContractJson.NameOf(model.Convolution)}\""));
        }

        if (model.EdgeFeatures && model.Convolution is not (Convolution.Gen or Convolution.Gine or Convolution.Gat or Convolution.Gatv2))
        {
            faults.Add(new("$.model.edgeFeatures", $"found true with convolution \"{ContractJson.NameOf(model.Convolution)}\", needed \"gen\", \"gine\", \"gat\" or \"gatv2\""));
        }
    }

    private static void CheckTied(ModelSpec model, List<SpecFault> faults)
    {
        if (model.TieWeights && model.Backbone is not (Backbone.Plain or Backbone.Res or Backbone.ResPlus or Backbone.Reversible))
        {
            faults.Add(new("$.model.tieWeights", $"found true with backbone \"{ContractJson.NameOf(model.Backbone)}\", needed \"plain\", \"res\", \"res+\" or \"rev\""));
        }
    }

    // The maximum and the LSTM need layers of one width.
    private static void CheckFusion(ModelSpec model, List<SpecFault> faults)
    {
        if (model.Fusion is Fusion.Max or Fusion.Lstm && model.Backbone == Backbone.Dense)
        {
            faults.Add(new("$.model.fusion", $"found \"{ContractJson.NameOf(model.Fusion)}\" with backbone \"dense\", whose layers grow, needed \"last\", \"concat\" or \"global\""));
        }
    }

    private static void CheckNeighborhood(NeighborhoodSpec neighborhood, List<SpecFault> faults)
    {
        Between(faults, "$.model.neighborhood.k", neighborhood.K, 1, 1_000);
        Between(faults, "$.model.neighborhood.epsilon", neighborhood.Epsilon, 0, 1);
        if (neighborhood.Radius is not { } radius) { return; }

        Between(faults, "$.model.neighborhood.radius", radius, 1e-9, 1e9);
        if (neighborhood.Dynamic) { faults.Add(new("$.model.neighborhood.radius", "found a radius in a dynamic graph, needed \"dynamic\": false with it")); }
    }

    // A perceptron alone, then propagation without weights.
    private static void CheckAppnp(ModelSpec model, List<SpecFault> faults)
    {
        if (model.Convolution != Convolution.Gcn) { faults.Add(new("$.model.convolution", $"found {model.Convolution}, needed \"gcn\" with backbone \"appnp\"")); }
        if (model.Stem != Stem.Linear) { faults.Add(new("$.model.stem", "found a convolution, needed \"linear\" with backbone \"appnp\"")); }
        if (model.Fusion != Fusion.Last) { faults.Add(new("$.model.fusion", "found a fusion of layers, needed \"last\" with backbone \"appnp\"")); }
        if (model.Prediction != Prediction.Mlp) { faults.Add(new("$.model.prediction", "found a convolution, needed \"mlp\" with backbone \"appnp\"")); }
    }
}
