using static TorchSharp.torch;

namespace DeepGnn.Runtime;

/// <summary>
/// Work that is run a second time as the same work: with the random numbers that it drew the first time, and without counting its batch
/// statistics again. All of the engine's random numbers come from libtorch's generator of the CPU (<see cref="HashDropout"/>).
/// </summary>
internal sealed class Replay
{
    private readonly Tensor[] _buffers;
    private byte[]? _state; // null: nothing was drawn

    /// <param name="modules">The modules whose running statistics are not to be counted twice.</param>
    public Replay(params IEnumerable<nn.Module> modules) => _buffers = [.. modules.SelectMany(module => module.buffers())];

    /// <summary>Runs the work for the first time.</summary>
    public Tensor First(Func<Tensor> work)
    {
        var before = State();
        var result = work();
        _state = before.AsSpan().SequenceEqual(State()) ? null : before;
        return result;
    }

    /// <summary>
    /// Runs it again, any number of times, gradients with it (a batch normalisation's backward step wants its statistics untouched until then);
    /// the generator goes on afterwards as if it had not run.
    /// </summary>
    public T Again<T>(Func<T> work)
    {
        var counted = Array.ConvertAll(_buffers, buffer => buffer.clone());
        var present = _state is null ? null : State();
        if (_state is not null) { SetState(_state); }
        try { return work(); }
        finally
        {
            if (present is not null) { SetState(present); }
            using var constant = no_grad();
            for (var i = 0; i < counted.Length; i++)
            {
                _buffers[i].copy_(counted[i]);
                counted[i].Dispose();
            }
        }
    }

    private static byte[] State()
    {
        using var state = random.get_rng_state();
        return state.data<byte>().ToArray();
    }

    private static void SetState(byte[] bytes)
    {
        using var state = tensor(bytes, ScalarType.Byte);
        random.set_rng_state(state);
    }
}
