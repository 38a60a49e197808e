using System.Globalization;

namespace Contracts;

/// <summary>A fault of a run spec: where it is, what was found and what is needed.</summary>
public sealed record SpecFault(string Path, string Message);

public static class RunSpecValidation
{
    public const int MaxLayers = 2_000;
    public const int MaxHiddenChannels = 8_192;
    public const int MaxEpochs = 1_000_000;

    /// <summary>All faults of a spec, each with its JSON path; empty for a spec that can be trained.</summary>
    public static IReadOnlyList<SpecFault> Faults(RunSpec spec)
    {
        var faults = new List<SpecFault>();
        if (spec.Name is null || spec.Name.Length > 200) { faults.Add(new("$.name", $"found {spec.Name?.Length.ToString(CultureInfo.InvariantCulture) ?? "null"} characters, needed at most 200")); }
        if (spec.Group is { Length: > 100 }) { faults.Add(new("$.group", $"found {spec.Group.Length} characters, needed at most 100")); }

        if (spec.Name?.Any(char.IsControl) == true) { faults.Add(new("$.name", "found control characters, needed none")); }
        if (spec.Group?.Any(char.IsControl) == true) { faults.Add(new("$.group", "found control characters, needed none")); }

        if (spec.Data is null) { faults.Add(Missing("$.data")); } else { CheckData(spec.Data, faults); }
        if (spec.Model is null) { faults.Add(Missing("$.model")); } else { CheckModel(spec.Model, faults); }
        if (spec.Training is null) { faults.Add(Missing("$.training")); } else { CheckTraining(spec.Training, faults); }
        return faults;
    }

    private static void CheckData(DataSpec data, List<SpecFault> faults)
    {
        if (string.IsNullOrWhiteSpace(data.Dataset)) { faults.Add(new("$.data.dataset", "found an empty name, needed a name from GET /api/v1/datasets")); }
        Between(faults, "$.data.split", data.Split, 0, 1_000);
        if (data.Sbm is not { } sbm) { return; }

        if (data.Dataset != "sbm") { faults.Add(new("$.data.sbm", $"found settings of the generated set beside dataset \"{data.Dataset}\", needed dataset \"sbm\"")); }
        Between(faults, "$.data.sbm.nodes", sbm.Nodes, 10, 1_000_000);
        Between(faults, "$.data.sbm.classes", sbm.Classes, 2, Math.Max(2, Math.Min(1_000, sbm.Nodes / 5)));
        Between(faults, "$.data.sbm.features", sbm.Features, 1, 4_096);
        Between(faults, "$.data.sbm.degreeWithin", sbm.DegreeWithin, 0, 1_000);
        Between(faults, "$.data.sbm.degreeBetween", sbm.DegreeBetween, 0, 1_000);
        Between(faults, "$.data.sbm.separation", sbm.Separation, 0, 1_000);
    }

    private static void CheckModel(ModelSpec model, List<SpecFault> faults)
    {
        Between(faults, "$.model.layers", model.Layers, 1, MaxLayers);
        Between(faults, "$.model.hiddenChannels", model.HiddenChannels, 1, MaxHiddenChannels);
        Between(faults, "$.model.dropout", model.Dropout, 0, 0.99);
        Between(faults, "$.model.inputDropout", model.InputDropout, 0, 0.99);
        Between(faults, "$.model.alpha", model.Alpha, 0, 1);
        Between(faults, "$.model.theta", model.Theta, 0, 100);
        CheckHeads(model, faults);
        Known(faults, "$.model.convolution", model.Convolution);
        Known(faults, "$.model.backbone", model.Backbone);
        Known(faults, "$.model.normalization", model.Normalization);
        Known(faults, "$.model.stem", model.Stem);
        Known(faults, "$.model.fusion", model.Fusion);
        Known(faults, "$.model.prediction", model.Prediction);
        Known(faults, "$.model.aggregation", model.Aggregation);

        if (model.PredictionHidden is null) { faults.Add(Missing("$.model.predictionHidden")); return; }
        if (model.PredictionHidden.Count > 8) { faults.Add(new("$.model.predictionHidden", $"found {model.PredictionHidden.Count} layers, needed at most 8")); }
        for (var i = 0; i < Math.Min(model.PredictionHidden.Count, 9); i++)
        {
            Between(faults, $"$.model.predictionHidden[{i}]", model.PredictionHidden[i], 1, MaxHiddenChannels);
        }

        if (model.Backbone == Backbone.Initial) { CheckInitial(model, faults); }
        if (model.Backbone == Backbone.Reversible) { CheckReversible(model, faults); }
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

    // Layers of equal width that can be evaluated again on the way back: nothing in them may count statistics or draw numbers of its own.
    private static void CheckReversible(ModelSpec model, List<SpecFault> faults)
    {
        if (model.Groups < 2 || model.HiddenChannels % model.Groups != 0)
        {
            faults.Add(new("$.model.groups", $"found {model.Groups} groups for {model.HiddenChannels} hidden channels, needed at least 2 that divide them"));
        }

        if (model.Normalization is Normalization.Batch or Normalization.Group)
        {
            faults.Add(new("$.model.normalization", $"found {model.Normalization}, which keeps statistics over batches, needed one without them with backbone \"rev\""));
        }

        if (model.Stem != Stem.Linear) { faults.Add(new("$.model.stem", "found a convolution, needed \"linear\" with backbone \"rev\"")); }
        if (model.Fusion != Fusion.Last) { faults.Add(new("$.model.fusion", "found a fusion of all layers, needed \"last\" with backbone \"rev\", which keeps the last one alone")); }
    }

    private static void CheckTraining(TrainingSpec training, List<SpecFault> faults)
    {
        Between(faults, "$.training.epochs", training.Epochs, 1, MaxEpochs);
        Between(faults, "$.training.learningRate", training.LearningRate, 1e-12, 100);
        Between(faults, "$.training.weightDecay", training.WeightDecay, 0, 100);
        if (training.BackboneWeightDecay is { } backbone) { Between(faults, "$.training.backboneWeightDecay", backbone, 0, 100); }
        Between(faults, "$.training.patience", training.Patience, 0, MaxEpochs);
        Between(faults, "$.training.checkpointEvery", training.CheckpointEvery, 0, MaxEpochs);
        Known(faults, "$.training.weightDecayScope", training.WeightDecayScope);
        Known(faults, "$.training.selection", training.Selection);
    }

    private static SpecFault Missing(string path) => new(path, "found null, needed a value");

    private static void Between(List<SpecFault> faults, string path, double value, double low, double high)
    {
        if (!(value >= low && value <= high))
        {
            faults.Add(new(path, string.Create(CultureInfo.InvariantCulture, $"found {value}, needed a number from {low} to {high}")));
        }
    }

    private static void Known<T>(List<SpecFault> faults, string path, T value) where T : struct, Enum
    {
        if (!Enum.IsDefined(value)) { faults.Add(new(path, $"found {value}, needed one of {string.Join(", ", Enum.GetNames<T>())}")); }
    }
}
