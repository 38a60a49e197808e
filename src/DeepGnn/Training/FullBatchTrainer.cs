using System.Diagnostics;
using System.Security.Cryptography;
using Contracts;
using DeepGnn.Aggregation;
using DeepGnn.Datasets;
using DeepGnn.Memory;
using DeepGnn.Models;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Training;

/// <summary>The loss became NaN or infinite; the message names the epoch.</summary>
public sealed class DivergedException(string message) : Exception(message);

/// <summary>
/// Trains a <see cref="DeepGcn"/> on a whole graph at once: one step of cross-entropy over the train nodes and one evaluation of all
/// splits per epoch. The epoch that is reported is chosen on the valid split alone.
/// </summary>
public sealed class FullBatchTrainer : IDisposable
{
    private readonly RunSpec _spec;
    private readonly NodeDataset _data;
    private readonly InputFeatures _features;
    private readonly Tensor _labels, _train, _valid, _test;
    private readonly DeepGcn _model;
    private readonly Adam _optimizer;

    /// <summary>Puts data and a fresh model on the device. Seed libtorch (<see cref="Runtime.TorchRuntime.Start"/>) before.</summary>
    /// <param name="spec">A spec without faults.</param>
    /// <param name="data">The set that <see cref="NodeDatasets.Load"/> gives for the spec.</param>
    /// <param name="device">Where tensors live.</param>
    public FullBatchTrainer(RunSpec spec, NodeDataset data, Device device)
    {
        _spec = spec;
        _data = data;
        var split = data.Splits[spec.Data.Split];
        _features = new InputFeatures(data.Features, device);
        _labels = tensor(Array.ConvertAll(data.Labels, label => (long)label)).to(device);
        _train = Indices(split.Train, device);
        _valid = Indices(split.Valid, device);
        _test = Indices(split.Test, device);
        _model = new DeepGcn(spec.Model, _features.FeatureCount, data.ClassCount);
        _model.to(device);
        _optimizer = new Adam(ParameterGroups(), spec.Training.LearningRate);
    }

    /// <summary>How far the training has come.</summary>
    public TrainingProgress Progress { get; private set; } = new();

    /// <summary>Number of trained parameters.</summary>
    public long ParameterCount => _model.parameters().Sum(parameter => parameter.numel());

    /// <summary>Whether all epochs are done, or patience ran out.</summary>
    public bool IsFinished => Progress.Epoch >= _spec.Training.Epochs || StoppedEarly;

    /// <summary>Whether patience ran out before the last epoch.</summary>
    public bool StoppedEarly =>
        _spec.Training.Patience > 0 && Progress.Epoch < _spec.Training.Epochs && Progress.Epoch - Progress.BestEpoch >= _spec.Training.Patience;

    /// <summary>SHA-256 over the values of all parameters and buffers in the order of their names, in lower-case hexadecimal.</summary>
    public string WeightsSha256()
    {
        using var scope = NewDisposeScope();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (_, value) in _model.state_dict().OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            hash.AppendData(value.detach().cpu().contiguous().bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Writes the present state; see <see cref="Checkpoint.Save"/>.</summary>
    public string Save(string path) => Checkpoint.Save(path, _spec, Progress, _model, _optimizer);

    /// <summary>Continues from a checkpoint; see <see cref="Checkpoint.Load"/>.</summary>
    public void Resume(string path) => Progress = Checkpoint.Load(path, _spec, _model, _optimizer);

    /// <summary>Trains one epoch and evaluates it.</summary>
    /// <exception cref="DivergedException">The training loss is not finite.</exception>
    public EpochEvent RunEpoch()
    {
        ProcessMemory.ResetPeak();
        var watch = Stopwatch.StartNew();
        var epoch = Progress.Epoch + 1;

        Step(epoch);
        var stepSeconds = watch.Elapsed.TotalSeconds;
        var (train, valid, test) = Evaluate();

        var figures = new EpochEvent
        {
            Epoch = epoch,
            TrainLoss = train.Loss,
            ValidLoss = valid.Loss,
            TestLoss = test.Loss,
            TrainMetric = train.Metric,
            ValidMetric = valid.Metric,
            TestMetric = test.Metric,
            LearningRate = _spec.Training.LearningRate,
            Seconds = watch.Elapsed.TotalSeconds,
            NodesPerSecond = _data.Graph.NodeCount / stepSeconds,
            PeakMemoryBytes = ProcessMemory.Peak(),
        };
        Progress = After(figures);
        return figures;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _optimizer.Dispose();
        _model.Dispose();
        _features.Dispose();
        foreach (var held in new[] { _labels, _train, _valid, _test }) { held.Dispose(); }
    }

    private void Step(int epoch)
    {
        using var scope = NewDisposeScope();
        _model.train();
        _optimizer.zero_grad();
        var logits = _model.forward(_features, _data.Graph); // [N, C]
        var loss = nn.functional.cross_entropy(logits.index_select(0, _train), _labels.index_select(0, _train));
        var value = loss.ToDouble();
        if (!double.IsFinite(value))
        {
            throw new DivergedException($"epoch {epoch}: found a training loss of {value}, needed a finite one; a lower learning rate or a normalisation may help");
        }

        loss.backward();
        _optimizer.step();
    }

    private (Score Train, Score Valid, Score Test) Evaluate()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        _model.eval();
        var logits = _model.forward(_features, _data.Graph);
        return (Of(_train), Of(_valid), Of(_test));

        Score Of(Tensor nodes) => Score.Of(logits, _labels, nodes, _data.Metric);
    }

    private TrainingProgress After(EpochEvent figures)
    {
        var next = Progress with
        {
            Epoch = figures.Epoch,
            Seconds = Progress.Seconds + figures.Seconds,
            PeakMemoryBytes = Math.Max(Progress.PeakMemoryBytes, figures.PeakMemoryBytes),
        };

        // An undefined figure (no such class in the split, say) never beats a defined one; the first epoch stands in until there is one.
        var (found, best) = _spec.Training.Selection == Selection.ValidMetric
            ? (figures.ValidMetric, Progress.BestValidMetric)
            : (-figures.ValidLoss, -Progress.BestValidLoss);
        var better = found > best || (double.IsNaN(best) && !double.IsNaN(found)) || Progress.BestEpoch == 0;
        if (!better) { return next; }

        return next with
        {
            BestEpoch = figures.Epoch,
            BestValidMetric = figures.ValidMetric,
            BestValidLoss = figures.ValidLoss,
            TestMetric = figures.TestMetric,
        };
    }

    // One group for each amount of weight decay; a parameter's group does not depend on the order in which groups are asked for.
    private List<Adam.ParamGroup> ParameterGroups()
    {
        var training = _spec.Training;
        var first = _model.FirstLayerParameters().ToHashSet();
        var backbone = _model.BackboneParameters().ToHashSet();
        double Decay(Parameter parameter) =>
            training.WeightDecayScope == WeightDecayScope.FirstLayer && !first.Contains(parameter) ? 0
            : backbone.Contains(parameter) ? training.BackboneWeightDecay ?? training.WeightDecay
            : training.WeightDecay;
        return
        [
            .. _model.parameters().GroupBy(Decay)
                .Select(group => new Adam.ParamGroup(group, training.LearningRate, weight_decay: group.Key)),
        ];
    }

    private static Tensor Indices(int[] nodes, Device device) => tensor(Array.ConvertAll(nodes, node => (long)node), ScalarType.Int64).to(device);
}
