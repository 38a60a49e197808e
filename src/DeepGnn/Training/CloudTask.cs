using Contracts;
using DeepGnn.Datasets;
using DeepGnn.Datasets.PointClouds;
using DeepGnn.Memory;
using DeepGnn.Models;
using DeepGnn.Sampling;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Training;

/// <summary>
/// Classifies the points of clouds (segmentation), from blocks of them, or whole clouds, from P points of each. Segmentation is evaluated on
/// covers in which every point of a cloud is scored once; figures are those of one <see cref="ConfusionMatrix"/> over the whole split.
/// <para>The train split's figures are gathered from the epoch's own batches, with dropout and augmentation at work, as is usual for clouds:
/// an evaluation of all train clouds would cost as much as the training. Who observes the scores gets all splits evaluated.</para>
/// </summary>
public sealed class CloudTask : LearningTask
{
    private const int BlocksPerBatch = 4, CloudsPerBatch = 8;

    private readonly RunSpec _spec;
    private readonly Device _device;
    private readonly PointCloudDataset _data;
    private readonly SampleSplit _split;
    private readonly string _dataSha256; // of the set as it was loaded, which is not kept
    private readonly CloudBlocks _blocks;
    private readonly PointModel _model;
    private readonly Dictionary<int, IReadOnlyList<CloudBlock>> _covers = [];
    private readonly int[] _firstSample; // of each cloud, points or clouds counted through the set
    private ConfusionMatrix _trained;

    /// <summary>Prepares the data and puts a fresh model on the device.</summary>
    /// <param name="spec">A spec without faults.</param>
    /// <param name="data">The set that <see cref="PointCloudDatasets.Load"/> gives for the spec.</param>
    /// <param name="device">Where tensors live.</param>
    /// <exception cref="DataSpecException">Blocks have fewer points than neighbours are looked for.</exception>
    public CloudTask(RunSpec spec, PointCloudDataset data, Device device)
    {
        (_spec, _device, _split) = (spec, device, data.Splits[spec.Data.Split]);
        _dataSha256 = DataFingerprint.Of(data, _split);
        _data = data.Prepared(_split.Train);
        var side = Sampling.BlockSize;
        _blocks = new CloudBlocks(_data, new() { Points = Sampling.Points, Side = side > 0 ? side : null });
        var options = PointModels.Options(spec.Model, data.Segmentation, 3 + _data.FeatureNames.Count, ClassCount);
        try { options.Check(Sampling.Points); }
        catch (ArgumentException e) { throw new DataSpecException("$.model.neighborhood", e.Message); }

        _model = PointModels.Create(options);
        _model.to(device);
        _trained = new ConfusionMatrix(ClassCount);
        _firstSample = new int[_data.Clouds.Count];
        for (var c = 1; c < _firstSample.Length; c++) { _firstSample[c] = _firstSample[c - 1] + Samples(c - 1); }
        MetricNames = Metrics.Of(data.Segmentation ? DatasetTasks.PointCloudSegmentation : DatasetTasks.PointCloudClassification, "");
        Targets = TargetFacts.OfClasses(_split.Train.SelectMany(cloud => Labels(_data.Clouds[cloud])), ClassCount);
    }

    /// <inheritdoc />
    public override nn.Module Model => _model;

    /// <inheritdoc />
    public override IReadOnlyList<string> MetricNames { get; }

    /// <inheritdoc />
    public override TargetFacts Targets { get; }

    /// <inheritdoc />
    public override HeldBytes Held => _data.Clouds.Select(cloud => HeldBytes.OfArrays(cloud.Positions, cloud.Features.Values, cloud.PointLabels))
        .Concat(_covers.Values.SelectMany(cover => cover).Select(block => HeldBytes.OfArrays(block.Points)))
        .Aggregate(default(HeldBytes), (sum, each) => sum + each);

    private SamplingSpec Sampling => _spec.Training.Sampling;

    private int ClassCount => _data.ClassNames.Count;

    private int BatchSize => Sampling.BatchSize > 0 ? Sampling.BatchSize : _data.Segmentation ? BlocksPerBatch : CloudsPerBatch;

    /// <summary>As many blocks as cover the train clouds once, or each train cloud once.</summary>
    private int BlocksPerEpoch =>
        !_data.Segmentation ? _split.Train.Length
        : Sampling.BlocksPerEpoch > 0 ? Sampling.BlocksPerEpoch
        : (int)((Targets.TrainTotal + Sampling.Points - 1) / Sampling.Points);

    private int BatchesPerEpoch => (BlocksPerEpoch + BatchSize - 1) / BatchSize;

    /// <inheritdoc />
    public override IEnumerable<Parameter> FirstLayerParameters() => _model.HeadParameters;

    /// <inheritdoc />
    public override IEnumerable<Parameter> BackboneParameters() => _model.BackboneParameters;

    /// <inheritdoc />
    public override IEnumerable<TrainBatch> Batches(int epoch)
    {
        _trained = new ConfusionMatrix(ClassCount);
        var random = new SeededRandom(((ulong)(uint)_spec.Seed << 32) | (uint)epoch);
        var seed = (int)random.Next();
        var blocks = _data.Segmentation
            ? _blocks.Random(_split.Train, BlocksPerEpoch, seed)
            : WholeClouds.Random(_data, _split.Train, Sampling.Points, seed);
        for (var b = 0; b < BatchesPerEpoch; b++)
        {
            // Batches of equal size, up to one: no batch of a single cloud is left over, whose statistics batch normalisation cannot take.
            var (first, last) = (b * blocks.Count / BatchesPerEpoch, (b + 1) * blocks.Count / BatchesPerEpoch);
            yield return Batch([.. blocks.Skip(first).Take(last - first).Select(block => Augmented(block.Of(_data), (int)random.Next()))]);
        }
    }

    /// <inheritdoc />
    public override Evaluation Evaluate(Action<ScoredSamples>? observe = null) => new(
        observe is null ? ScoreOf(_trained, double.NaN) : Of("train", _split.Train, observe),
        Of("valid", _split.Valid, observe),
        Of("test", _split.Test, observe));

    /// <inheritdoc />
    public override StartedEvent Describe() => new()
    {
        Dataset = _data.Name,
        Unit = _data.Segmentation ? "point" : "cloud",
        Graphs = _data.Clouds.Count,
        Nodes = _data.Clouds.Sum(cloud => cloud.PointCount),
        Edges = _data.Clouds.Sum(cloud => (long)cloud.PointCount) * _spec.Model.Neighborhood.K,
        Features = 3 + _data.FeatureNames.Count,
        Classes = ClassCount,
        TrainNodes = _split.Train.Sum(Samples),
        ValidNodes = _split.Valid.Sum(Samples),
        TestNodes = _split.Test.Sum(Samples),
        Metric = MetricNames[0],
        BatchesPerEpoch = BatchesPerEpoch,
        Device = _device.ToString(),
        DataSha256 = _dataSha256,
    };

    private PointCloud Augmented(PointCloud cloud, int seed) =>
        !Sampling.Augment ? cloud : (_data.Segmentation ? CloudAugmentation.Scenes : CloudAugmentation.Shapes).Apply(cloud, seed);

    private TrainBatch Batch(IReadOnlyList<PointCloud> clouds)
    {
        var batch = CloudBatch.Of(clouds, _device);
        var targets = tensor(batch.Labels, device: _device);
        return new TrainBatch(Scores, targets, batch.Points.shape[0], HeldBytes.OfTensors(batch.Points, targets).Bytes, batch.Points, targets);

        Tensor Scores()
        {
            var scores = _model.call(batch.Points, batch.Clouds);
            _trained.Add(Predicted(scores), batch.Labels);
            return scores;
        }
    }

    private Score Of(string split, int[] clouds, Action<ScoredSamples>? observe)
    {
        var (matrix, loss) = (new ConfusionMatrix(ClassCount), 0.0);
        foreach (var blocks in clouds.SelectMany(Cover).Chunk(BatchSize))
        {
            using var scope = NewDisposeScope();
            var batch = CloudBatch.Of([.. blocks.Select(block => block.Of(_data))], _device);
            var rows = ScoredRows(blocks);
            var scores = _model.call(batch.Points, batch.Clouds).index_select(0, tensor(rows, device: _device));
            long[] labels = [.. rows.Select(row => batch.Labels[row])];
            var targets = tensor(labels, device: _device);
            matrix.Add(Predicted(scores), labels);
            loss += nn.functional.cross_entropy(scores, targets, reduction: nn.Reduction.Sum).ToDouble();
            observe?.Invoke(new(split, ScoredIndices(blocks), scores, targets));
        }

        return ScoreOf(matrix, loss / matrix.Total);
    }

    private IReadOnlyList<CloudBlock> Cover(int cloud)
    {
        if (!_covers.TryGetValue(cloud, out var cover))
        {
            cover = _covers[cloud] = _data.Segmentation ? _blocks.Cover(cloud) : [WholeClouds.Even(_data, cloud, Sampling.Points)];
        }

        return cover;
    }

    // Rows of the model's output that count: the first of each block, or one row for each cloud.
    private long[] ScoredRows(IReadOnlyList<CloudBlock> blocks) => _data.Segmentation
        ? [.. blocks.SelectMany((block, b) => Enumerable.Range(0, block.Scored).Select(i => ((long)b * Sampling.Points) + i))]
        : [.. blocks.Select((_, b) => (long)b)];

    private int[] ScoredIndices(IReadOnlyList<CloudBlock> blocks) => _data.Segmentation
        ? [.. blocks.SelectMany(block => block.Points.Take(block.Scored).Select(point => _firstSample[block.Cloud] + point))]
        : [.. blocks.Select(block => block.Cloud)];

    private Score ScoreOf(ConfusionMatrix matrix, double loss)
    {
        var figures = new Dictionary<string, double>();
        if (_data.Segmentation) { figures[Metrics.MeanIou] = matrix.MeanIntersectionOverUnion; }
        figures[Metrics.Accuracy] = matrix.Accuracy;
        figures[Metrics.MeanAccuracy] = matrix.MeanClassAccuracy;
        for (var c = 0; _data.Segmentation && c < ClassCount; c++)
        {
            if (matrix.IntersectionOverUnion(c) is var iou && double.IsFinite(iou)) { figures[$"iou.{_data.ClassNames[c]}"] = iou; }
        }

        return new(loss, figures[MetricNames[0]], figures);
    }

    private int Samples(int cloud) => _data.Segmentation ? _data.Clouds[cloud].PointCount : 1;

    private int[] Labels(PointCloud cloud) => _data.Segmentation ? cloud.PointLabels! : [cloud.Label!.Value];

    private static long[] Predicted(Tensor scores)
    {
        using var scope = NewDisposeScope();
        return scores.detach().argmax(1).cpu().data<long>().ToArray();
    }
}
