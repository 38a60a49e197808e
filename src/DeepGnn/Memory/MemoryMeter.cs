using System.Diagnostics;
using Contracts;
using static TorchSharp.torch;

namespace DeepGnn.Memory;

/// <summary>The parts of an epoch whose memory is measured apart.</summary>
public enum TrainingPhase
{
    /// <summary>A batch is made and goes through the model up to the loss.</summary>
    Forward,

    /// <summary>From the loss back to the gradients.</summary>
    Backward,

    /// <summary>The step of the parameters.</summary>
    Optimizer,

    /// <summary>All splits with the new weights.</summary>
    Evaluation,
}

/// <summary>
/// Memory of a training by epoch: peaks of the process and of its tensors in each phase, and what the forward pass leaves alive. A phase costs
/// one reading of about 20 µs; after an epoch so short that its readings took more than <see cref="MostShare"/> of it, the meter rests for
/// as many epochs as make up for them. A peak of the process in these, or between epochs, is found by the next reading.
/// </summary>
public sealed class MemoryMeter(Device device, Func<HeldBytes> held)
{
    /// <summary>Most of the training's time that readings may take.</summary>
    public const double MostShare = 0.002;

    private readonly bool _counted = TensorMemory.IsCounted && device.type == TorchSharp.DeviceType.CPU;
    private readonly PhaseMemory?[] _phases = new PhaseMemory?[4];
    private readonly DeviceMeter? _device = device.type == TorchSharp.DeviceType.CUDA ? DeviceMeter.Open(device) : null;
    private bool _canReset = true;
    private bool _settled; // the first pass is over
    private TrainingPhase _phase;
    private int _rest;
    private long _began, _spent, _before, _heldBefore, _activations;

    /// <summary>Whether nothing is measured from the next epoch on: to see what measuring costs.</summary>
    public bool IsOff { get; set; }

    /// <summary>Time that readings took so far.</summary>
    public TimeSpan Spent { get; private set; }

    /// <summary>Whether the present epoch is measured.</summary>
    public bool IsMeasuring { get; private set; }

    /// <summary>The largest mini-batch of the epoch.</summary>
    public long BatchBytes { get; private set; }

    /// <summary>Gradients at the end of the last backward pass.</summary>
    public long GradientBytes { get; private set; }

    /// <summary>Highest resident memory in the last epoch that was measured, and since the one measured before it.</summary>
    public long ResidentPeak { get; private set; }

    /// <summary>What cannot be measured here, and why; null: all can.</summary>
    public string? Missing => _device?.Missing ?? (_canReset ? null : "the peak of resident memory cannot be reset here (/proc/self/clear_refs): of each phase it is what was resident at its end");

    /// <summary>An epoch begins, with its first batch.</summary>
    /// <param name="certainly">Whether it has to be measured.</param>
    public void BeginEpoch(bool certainly)
    {
        IsMeasuring = false;
        if (IsOff) { return; }
        _began = Stopwatch.GetTimestamp();
        IsMeasuring = certainly || --_rest < 0;
        if (!IsMeasuring) { return; }

        // A peak before, which nobody has seen yet, counts here: of the loading of the data, of epochs without readings, of a checkpoint.
        (_activations, BatchBytes, ResidentPeak) = (0, 0, ProcessMemory.Peak());
        _canReset = ProcessMemory.ResetPeak();
        _phases.AsSpan(..(int)TrainingPhase.Evaluation).Clear();
        _phase = TrainingPhase.Forward;
        TensorMemory.StartPeak();
        _spent = Stopwatch.GetTimestamp() - _began;
    }

    /// <summary>A batch is there, and goes into the model.</summary>
    public void BeginForward(long batchBytes)
    {
        if (!IsMeasuring) { return; }
        BatchBytes = Math.Max(BatchBytes, batchBytes);
        if (!_settled) { _heldBefore = held().Counted; }
        _before = TensorMemory.Live;
    }

    /// <summary>The loss is known.</summary>
    public void EndForward()
    {
        if (!IsMeasuring) { return; }
        var began = Stopwatch.GetTimestamp();
        // The first pass makes what the graph keeps from then on.
        var made = _settled ? 0 : held().Counted - _heldBefore;
        _settled = true;
        _activations = Math.Max(_activations, TensorMemory.Live - _before - made);
        Close(TrainingPhase.Backward, began);
    }

    /// <summary>Gradients are known; they are counted the first time.</summary>
    public void EndBackward(Func<long> gradients)
    {
        if (!IsMeasuring) { return; }
        var began = Stopwatch.GetTimestamp();
        if (GradientBytes == 0) { GradientBytes = gradients(); }
        Close(TrainingPhase.Optimizer, began);
    }

    /// <summary>The parameters have made their step.</summary>
    public void EndStep()
    {
        if (IsMeasuring) { Close(TrainingPhase.Forward, Stopwatch.GetTimestamp()); }
    }

    /// <summary>There is no further batch.</summary>
    public void BeginEvaluation()
    {
        _phase = TrainingPhase.Evaluation;
        if (IsMeasuring) { _phases[(int)_phase] = null; }
    }

    /// <summary>The epoch is over.</summary>
    public void EndEpoch()
    {
        if (IsMeasuring && _phase == TrainingPhase.Evaluation) { Close(TrainingPhase.Forward, Stopwatch.GetTimestamp()); }
    }

    /// <summary>What was measured in the epoch.</summary>
    /// <param name="epoch">Counted from 1.</param>
    /// <param name="known">Kinds that are known by shapes; activations are put to them.</param>
    public MemoryEvent Figures(int epoch, Func<LiveMemory> known)
    {
        var began = Stopwatch.GetTimestamp();
        var figures = new MemoryEvent
        {
            Epoch = epoch,
            Live = known() with { ActivationBytes = _counted ? Math.Max(0, _activations) : null },
            Forward = _phases[(int)TrainingPhase.Forward]!,
            Backward = _phases[(int)TrainingPhase.Backward]!,
            Optimizer = _phases[(int)TrainingPhase.Optimizer]!,
            Evaluation = _phases[(int)TrainingPhase.Evaluation],
            IsSampled = !_canReset,
            Device = _device?.Read(),
        };
        var now = Stopwatch.GetTimestamp();
        _spent += now - began;
        Spent += Stopwatch.GetElapsedTime(0, _spent);
        _rest = (int)Math.Min(1_000, Math.Ceiling(_spent / (MostShare * (now - _began))) - 1);
        return figures;
    }

    private void Close(TrainingPhase next, long began)
    {
        var (resident, peak) = ProcessMemory.Read();
        var live = TensorMemory.Peak;
        var sofar = _phases[(int)_phase];
        _phases[(int)_phase] = new()
        {
            ResidentPeakBytes = Math.Max(sofar?.ResidentPeakBytes ?? 0, _canReset ? peak : resident),
            LivePeakBytes = _counted ? Math.Max(sofar?.LivePeakBytes ?? 0, live) : null,
        };
        ResidentPeak = Math.Max(ResidentPeak, peak);
        _phase = next;
        ProcessMemory.ResetPeak();
        TensorMemory.StartPeak();
        _spent += Stopwatch.GetTimestamp() - began;
    }
}
