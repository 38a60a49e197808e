using System.Diagnostics;
using System.Security.Cryptography;
using Contracts;
using DeepGnn.Datasets;
using DeepGnn.Diagnostics;
using DeepGnn.Interchange;
using DeepGnn.Memory;
using DeepGnn.Models;
using DeepGnn.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Training;

/// <summary>The loss became NaN or infinite; the message names the epoch.</summary>
public sealed class DivergedException(string message) : Exception(message);

/// <summary>
/// Trains a task epoch by epoch: a step of the optimiser for each batch, then an evaluation of all splits. The epoch that is reported, and
/// whose weights are kept, is chosen on the valid split alone.
/// </summary>
public sealed class TrainingLoop : IDisposable
{
    private readonly RunSpec _spec;
    private readonly LearningTask _task;
    private readonly Objective _objective;
    private readonly GradientDescent _optimizer;
    private readonly BestWeights _best;
    private readonly MemoryMeter _meter;
    private readonly MemoryChanges _changes = new();
    private readonly long _weightBytes;

    /// <summary>The task becomes the loop's own. Seed libtorch (<see cref="Runtime.TorchRuntime.Start"/>) before making it.</summary>
    /// <param name="spec">A spec without faults.</param>
    /// <param name="task">What <see cref="LearningTasks.Create"/> gives for the spec.</param>
    /// <param name="device">Where the task lives.</param>
    /// <exception cref="DataSpecException">The selection asks for a metric that the task does not report, class weights do not fit, or the
    /// model has no layers to diagnose.</exception>
    public TrainingLoop(RunSpec spec, LearningTask task, Device device)
    {
        (_spec, _task) = (spec, task);
        EpochChoice.Check(spec.Training.Selection, task.MetricNames);
        if (spec.Training.DiagnosticsEvery > 0 && task.Model is not DeepGcn { BackboneLayers.Count: > 0 })
        {
            throw new DataSpecException("$.training.diagnosticsEvery", $"found {spec.Training.DiagnosticsEvery} for a model without layers of graph convolutions before its prediction, needed 0");
        }

        _objective = new Objective(spec.Training, task.Targets, device);
        _optimizer = Optimizers.Create(spec.Training, task);
        _best = new BestWeights(task.Model);
        _meter = new MemoryMeter(device, () => task.Held);
        _weightBytes = HeldBytes.OfTensors(task.Model.parameters().Concat(task.Model.buffers())).Bytes;
    }

    /// <summary>How far the training has come.</summary>
    public TrainingProgress Progress { get; private set; } = new();

    /// <summary>Figures by layer of the epoch that ran last, where the spec asks for them.</summary>
    public LayersEvent? Layers { get; private set; }

    /// <summary>Memory of the epoch that ran last, where its figures are to be reported.</summary>
    public MemoryEvent? Memory { get; private set; }

    /// <summary>What measures it.</summary>
    public MemoryMeter Meter => _meter;

    /// <summary>The task that is trained.</summary>
    public LearningTask Task => _task;

    /// <summary>Number of trained parameters.</summary>
    public long ParameterCount => _task.Model.parameters().Sum(parameter => parameter.numel());

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
        foreach (var (_, value) in _task.Model.state_dict().OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            hash.AppendData(value.detach().cpu().contiguous().bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Whether every weight and buffer is a finite number: a step that overflows is seen by the next loss only.</summary>
    public bool WeightsAreFinite()
    {
        using var scope = NewDisposeScope();
        return _task.Model.state_dict().Values.All(value => value.isfinite().all().ToBoolean());
    }

    /// <summary>Writes the present state; see <see cref="Checkpoint.Save"/>.</summary>
    public string Save(string path) => Checkpoint.Save(path, _spec, Progress, _task.Model, _optimizer, _best);

    /// <summary>Continues from a checkpoint; see <see cref="Checkpoint.Load"/>.</summary>
    public void Resume(string path) => Progress = Checkpoint.Load(path, _spec, _task.Model, _optimizer, _best);

    /// <summary>Gives the model the weights of the chosen epoch; training cannot go on afterwards.</summary>
    public void RestoreBest() => _best.Restore();

    /// <summary>Trains one epoch and evaluates it.</summary>
    /// <exception cref="DivergedException">The training loss is not finite.</exception>
    public EpochEvent RunEpoch()
    {
        var watch = Stopwatch.StartNew();
        var epoch = Progress.Epoch + 1;
        (Layers, Memory) = (null, null);
        _meter.BeginEpoch(certainly: _changes.IsEmpty || MayBeLast(epoch));
        var rate = LearningRates.At(_spec.Training, epoch, Progress.Reductions);

        var (meanLoss, samples) = Train(epoch, rate);
        var stepSeconds = watch.Elapsed.TotalSeconds;
        var evaluated = epoch % _spec.Training.EvaluateEvery == 0 || epoch == _spec.Training.Epochs
            ? Evaluate(epoch)
            : new Evaluation(Score.None, Score.None, Score.None);

        _meter.EndEpoch();
        var figures = new EpochEvent
        {
            Epoch = epoch,
            TrainLoss = double.IsNaN(evaluated.Train.Loss) ? meanLoss : evaluated.Train.Loss,
            ValidLoss = evaluated.Valid.Loss,
            TestLoss = evaluated.Test.Loss,
            TrainMetric = evaluated.Train.Metric,
            ValidMetric = evaluated.Valid.Metric,
            TestMetric = evaluated.Test.Metric,
            Metrics = WithExactness(evaluated.Further),
            LearningRate = rate,
            Seconds = watch.Elapsed.TotalSeconds,
            NodesPerSecond = samples / stepSeconds,
            PeakMemoryBytes = _meter.ResidentPeak,
        };
        figures = figures with { IsBest = EpochChoice.IsBetter(Progress, figures, _spec.Training.Selection) };
        if (figures.IsBest) { _best.Keep(); }
        Progress = EpochChoice.After(Progress, figures, _spec.Training);
        if (_meter.IsMeasuring && _meter.Figures(epoch, Kinds) is var memory && _changes.Take(memory, IsFinished)) { Memory = memory; }
        return figures;
    }

    /// <summary>What the present weights say about all samples of the three splits.</summary>
    public Predictions Predict()
    {
        var described = _task.Describe();
        var predictions = new Predictions(described.Unit, described.Classes, _task.Targets.MultiLabel);
        Evaluate(scored => predictions.Add(scored.Split, scored.Samples, scored.Scores, scored.Targets));
        return predictions;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _best.Dispose();
        _optimizer.Dispose();
        _objective.Dispose();
        _task.Dispose();
    }

    // Mean loss over the epoch's samples, and rows that went through the model.
    private (double Loss, long Samples) Train(int epoch, double rate)
    {
        _optimizer.LearningRate = rate;
        _task.Model.train();
        if (_task.Model is DeepGcn { FixedPoint: { } layer }) { layer.Residual = double.NaN; }
        if (_task.Model is DeepGcn { Reversible: { } stack } model)
        {
            stack.InversionError = double.NaN;
            // Clipping needs all gradients before the first step, diagnostics look at them afterwards.
            model.GradientFound = _spec.Training.GradientClip > 0 || IsDiagnosed(epoch) ? null : _optimizer.Step;
        }

        var (sum, counted, samples) = (0.0, 0L, 0L);
        foreach (var batch in _task.Batches(epoch))
        {
            using var owned = batch;
            var count = batch.Targets.shape[0];
            sum += Step(batch, epoch) * count;
            _meter.EndStep();
            counted += count;
            samples += batch.Rows;
        }

        return (sum / counted, samples);
    }

    // How exactly the epoch's passes inverted the layers, or solved for their fixed point.
    private IReadOnlyDictionary<string, double>? WithExactness(IReadOnlyDictionary<string, double>? further)
    {
        (string Name, double Value)[] figures = _task.Model is not DeepGcn model ? []
            : model.Reversible is { } stack ? [("train.inversionError", stack.InversionError)]
            : model.FixedPoint is { } layer ? [("train.fixedPointResidual", layer.Residual), ("train.fixedPointSteps", layer.Steps)]
            : [];
        return figures.Length == 0 ? further : new Dictionary<string, double>([.. further ?? new Dictionary<string, double>(), .. figures.Select(f => KeyValuePair.Create(f.Name, f.Value))]);
    }

    private double Step(TrainBatch batch, int epoch)
    {
        using var scope = NewDisposeScope();
        _optimizer.ClearGradients();
        ManagedHeap.Tidy();
        _meter.BeginForward(batch.Bytes);
        var loss = _objective.Loss(batch.Scores(), batch.Targets);
        var value = loss.ToDouble();
        if (!double.IsFinite(value))
        {
            throw new DivergedException($"epoch {epoch}: found a training loss of {value}, needed a finite one; a lower learning rate or a normalisation may help");
        }

        _meter.EndForward();
        loss.backward();
        _meter.EndBackward(() => _optimizer.GradientBytes);
        if (_spec.Training.GradientClip > 0) { nn.utils.clip_grad_norm_(_task.Model.parameters(), _spec.Training.GradientClip); }
        _optimizer.Step();
        return value;
    }

    private bool MayBeLast(int epoch) =>
        epoch >= _spec.Training.Epochs || (_spec.Training.Patience is > 0 and var patience && epoch - Progress.BestEpoch >= patience);

    private LiveMemory Kinds() => new()
    {
        ParameterBytes = _weightBytes,
        GradientBytes = _meter.GradientBytes,
        OptimizerBytes = _optimizer.StateBytes + _best.Bytes,
        GraphBytes = _task.Held.Bytes,
        BatchBytes = _meter.BatchBytes,
    };

    private bool IsDiagnosed(int epoch) => _spec.Training.DiagnosticsEvery is > 0 and var every && epoch % every == 0;

    private Evaluation Evaluate(int epoch)
    {
        _meter.BeginEvaluation();
        using var seen = IsDiagnosed(epoch) ? new LayerObservation((DeepGcn)_task.Model) : null;
        var evaluated = Evaluate(observe: null);
        Layers = seen?.Figures(epoch);
        return evaluated;
    }

    private Evaluation Evaluate(Action<ScoredSamples>? observe)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        _task.Model.eval();
        return _task.Evaluate(observe);
    }
}
