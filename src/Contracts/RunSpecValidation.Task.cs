namespace Contracts;

/// <summary>Names of metrics in events, and which of them each task reports: the first is what runs are compared by.</summary>
public static class Metrics
{
    public const string Accuracy = "accuracy";
    public const string MeanAccuracy = "meanAccuracy";
    public const string RocAuc = "rocAuc";
    public const string MicroF1 = "microF1";
    public const string MeanIou = "meanIou";

    /// <summary>The metrics of a set, the one its literature reports first.</summary>
    public static IReadOnlyList<string> Of(string task, string metric) => task switch
    {
        DatasetTasks.PointCloudSegmentation => [MeanIou, Accuracy, MeanAccuracy],
        DatasetTasks.PointCloudClassification => [Accuracy, MeanAccuracy],
        DatasetTasks.MultiLabelNodeClassification => metric == MicroF1 ? [MicroF1, RocAuc] : [RocAuc, MicroF1],
        _ => metric switch
        {
            RocAuc => [RocAuc, Accuracy],
            MicroF1 => [MicroF1, RocAuc],
            _ => [Accuracy],
        },
    };

    /// <summary>The metric a selection asks for by name; null for the first metric or the loss.</summary>
    public static string? NameOf(Selection selection) => selection switch
    {
        Selection.ValidAccuracy => Accuracy,
        Selection.ValidMeanAccuracy => MeanAccuracy,
        Selection.ValidRocAuc => RocAuc,
        Selection.ValidMicroF1 => MicroF1,
        Selection.ValidMeanIou => MeanIou,
        _ => null,
    };
}

public static partial class RunSpecValidation
{
    // What the task of a known data set asks of model and training. A set that is not known yet is refused elsewhere.
    private static void CheckTask(RunSpec spec, List<SpecFault> faults)
    {
        if (DatasetCatalog.Find(spec.Data.Dataset) is not { } entry) { return; }

        var metrics = Metrics.Of(entry.Task, entry.Metric);
        if (Metrics.NameOf(spec.Training.Selection) is { } asked && !metrics.Contains(asked) && entry.Format != DatasetFormat.Own)
        {
            faults.Add(new("$.training.selection", $"found \"{ContractJson.NameOf(spec.Training.Selection)}\" for {entry.Task} on \"{entry.Name}\", needed a figure of {string.Join(", ", metrics)}, \"validMetric\" or \"validLoss\""));
        }

        if (entry.Task is DatasetTasks.PointCloudSegmentation or DatasetTasks.PointCloudClassification) { CheckClouds(spec, entry, faults); }
        else if (entry.Task is DatasetTasks.GraphClassification or DatasetTasks.SkeletonClassification or DatasetTasks.InductiveNodeClassification)
        {
            if (spec.Training.Sampling.Method != SamplingMethod.Full)
            {
                faults.Add(new("$.training.sampling.method", $"found \"{ContractJson.NameOf(spec.Training.Sampling.Method)}\" for {entry.Task}, needed \"full\": a batch is whole graphs"));
            }
        }

        if (entry.Task is DatasetTasks.GraphClassification or DatasetTasks.SkeletonClassification && spec.Model.Prediction != Prediction.Mlp)
        {
            faults.Add(new("$.model.prediction", $"found a convolution for {entry.Task}, needed \"mlp\""));
        }

        var multiLabel = entry.Task == DatasetTasks.MultiLabelNodeClassification || entry.Metric == Metrics.MicroF1;
        if (multiLabel && spec.Training.LabelSmoothing > 0)
        {
            faults.Add(new("$.training.labelSmoothing", $"found {spec.Training.LabelSmoothing} with several labels a node, needed 0"));
        }
    }

    private static void CheckClouds(RunSpec spec, DatasetEntry entry, List<SpecFault> faults)
    {
        var model = spec.Model;
        if (model.Convolution is not (Convolution.Edge or Convolution.Mr or Convolution.Sage or Convolution.Gin))
        {
            faults.Add(new("$.model.convolution", $"found \"{ContractJson.NameOf(model.Convolution)}\" for {entry.Task}, needed \"edge\", \"mr\", \"sage\" or \"gin\""));
        }

        if (model.Backbone is not (Backbone.Plain or Backbone.Res or Backbone.Dense))
        {
            faults.Add(new("$.model.backbone", $"found \"{ContractJson.NameOf(model.Backbone)}\" for {entry.Task}, needed \"plain\", \"res\" or \"dense\""));
        }

        if (model.Normalization is not (Normalization.None or Normalization.Batch or Normalization.Layer))
        {
            faults.Add(new("$.model.normalization", $"found \"{ContractJson.NameOf(model.Normalization)}\" for {entry.Task}, needed \"none\", \"batch\" or \"layer\""));
        }

        if (spec.Training.Recompute != Recompute.None)
        {
            faults.Add(new("$.training.recompute", $"found \"{ContractJson.NameOf(spec.Training.Recompute)}\" for {entry.Task}, needed \"none\": the graphs of point clouds would be made twice"));
        }

        if (model.PredictionHidden.Count is not (0 or 2))
        {
            faults.Add(new("$.model.predictionHidden", $"found {model.PredictionHidden.Count} layers for {entry.Task}, needed 2, or none for the default"));
        }

        if (entry.Task == DatasetTasks.PointCloudClassification && model.Normalization == Normalization.Batch && spec.Training.Sampling.BatchSize == 1)
        {
            faults.Add(new("$.training.sampling.batchSize", "found 1 with batch normalisation over the clouds of a batch, needed at least 2"));
        }

        var farthest = model.Neighborhood.K * (model.Neighborhood.Dilated && model.Backbone != Backbone.Plain ? Math.Max(1, model.Layers - 1) : 1);
        if (farthest > spec.Training.Sampling.Points)
        {
            faults.Add(new("$.model.neighborhood.k", $"found {farthest} nearest points (k times the dilation of the last block) in {spec.Training.Sampling.Points} points, needed at most as many: fewer neighbours or layers, or more points"));
        }
    }
}
