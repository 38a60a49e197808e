using Contracts;
using DeepGnn.Memory;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Training;

/// <summary>
/// The optimisers, one parameter at a time: a parameter can be changed as soon as its gradient is known, while the backward pass goes on, so
/// that gradients need not all be held at once. Values equal PyTorch's <c>Adam</c>, <c>AdamW</c>, <c>SGD</c> and <c>RMSprop</c> with their
/// defaults. On the CPU a step is one pass over value, gradient and state; <see cref="UpdateRule"/> has the formulas.
/// <para>Sources: Kingma and Ba, arXiv 1412.6980; Loshchilov and Hutter, arXiv 1711.05101; Sutskever et al., "On the importance of initialization
/// and momentum in deep learning", ICML 2013; Graves, arXiv 1308.0850.</para>
/// </summary>
public sealed class GradientDescent : IDisposable
{
    private const int Line = 16; // elements: each parameter's state begins a line of the processor's cache

    private readonly UpdateRule _rule;
    private readonly List<Trained> _all = [];
    private readonly Dictionary<IntPtr, Trained> _byHandle = [];
    private readonly long _length;

    // The state of all parameters, one tensor for each kind: thousands of small ones would take more than what they hold, and tear holes between the gradients.
    private Tensor[]? _state;

    /// <summary>A step changes nothing but these parameters.</summary>
    /// <param name="optimizer">Which rule.</param>
    /// <param name="parameters">What is trained, each with its weight decay ≥ 0 (added to the gradient; AdamW: taken off the value).</param>
    /// <param name="momentum">Of SGD and RMSprop, in [0, 1).</param>
    /// <exception cref="ArgumentOutOfRangeException">No such optimiser.</exception>
    /// <exception cref="ArgumentException">Parameters of several types or on several devices.</exception>
    public GradientDescent(Optimizer optimizer, IEnumerable<(Parameter Parameter, double WeightDecay)> parameters, double momentum = 0)
    {
        _rule = UpdateRule.Of(optimizer, momentum);
        foreach (var (parameter, decay) in parameters)
        {
            var trained = new Trained(parameter, decay, _length);
            if (_all.Count > 0 && _all[0].Kind != trained.Kind)
            {
                throw new ArgumentException($"parameters: found {_all[0].Kind} and {trained.Kind}, needed one type on one device", nameof(parameters));
            }

            _length += (trained.Count + Line - 1) / Line * Line;
            _all.Add(trained);
            _byHandle.Add(parameter.Handle, trained);
        }
    }

    /// <summary>Step size of the steps that follow.</summary>
    public double LearningRate { get; set; }

    /// <summary>What the state of all parameters takes.</summary>
    public long StateBytes => _state is null ? 0 : _state.Sum(state => state.element_size()) * _all.Sum(each => each.Count);

    /// <summary>What the gradients that are held at present take.</summary>
    internal long GradientBytes
    {
        get
        {
            using var scope = NewDisposeScope();
            return HeldBytes.OfTensors(_all.Select(each => each.Parameter.grad)).Bytes;
        }
    }

    /// <summary>Lets go of all gradients.</summary>
    public void ClearGradients()
    {
        foreach (var each in _all) { each.Parameter.grad = null; }
    }

    /// <summary>One step of each parameter that has a gradient.</summary>
    public void Step()
    {
        foreach (var each in _all)
        {
            using var gradient = each.Parameter.grad;
            if (gradient is not null) { Step(each, gradient); }
        }
    }

    /// <summary>One step of one parameter, which is in nobody's use any more in this pass.</summary>
    /// <param name="parameter">One of this optimiser's.</param>
    /// <param name="gradient">In the parameter's shape.</param>
    public void Step(Parameter parameter, Tensor gradient) => Step(_byHandle[parameter.Handle], gradient);

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var state in _state ?? []) { state.Dispose(); }
    }

    /// <summary>For each parameter in the order given: its steps (int64), then its state tensors as (bytes, values) where it made any.</summary>
    internal void Save(BinaryWriter writer)
    {
        foreach (var each in _all)
        {
            writer.Write(each.Steps);
            if (each.Steps == 0) { continue; }
            using var scope = NewDisposeScope();
            foreach (var state in StateOf(each).In(each.Parameter))
            {
                writer.Write(state.numel() * state.element_size());
                writer.Write(state.cpu().bytes);
            }
        }
    }

    /// <summary>What <see cref="Save"/> wrote of an optimiser of the same rule and parameters.</summary>
    internal void Load(BinaryReader reader)
    {
        foreach (var each in _all)
        {
            each.Steps = reader.ReadInt64();
            if (each.Steps == 0) { continue; }
            using var scope = NewDisposeScope();
            foreach (var state in StateOf(each).In(each.Parameter))
            {
                var values = empty_like(state, device: CPU);
                var bytes = values.bytes;
                if (reader.ReadInt64() is var length && length != bytes.Length) { throw new InvalidDataException($"found {length} bytes of an optimiser's state, needed {bytes.Length}"); }
                reader.BaseStream.ReadExactly(bytes);
                state.copy_(values);
            }
        }
    }

    private void Step(Trained each, Tensor gradient)
    {
        using var frozen = no_grad();
        each.Steps++;
        _rule.Apply(each.Parameter, gradient, StateOf(each), new(LearningRate, each.WeightDecay, each.Steps));
    }

    private UpdateState StateOf(Trained each)
    {
        _state ??= [.. Enumerable.Range(0, _rule.States).Select(_ => zeros(_length, each.Kind.Type, each.Parameter.device).DetachFromDisposeScope())];
        return new(_state, each.Begin);
    }

    private sealed class Trained(Parameter parameter, double weightDecay, long begin)
    {
        public Parameter Parameter => parameter;

        public double WeightDecay => weightDecay;

        /// <summary>Where its state begins among all parameters' state.</summary>
        public long Begin => begin;

        public long Count { get; } = parameter.numel();

        public (ScalarType Type, string Device) Kind { get; } = (parameter.dtype, parameter.device.ToString());

        public long Steps { get; set; }
    }
}
