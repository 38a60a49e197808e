using DeepGnn.Memory;
using static TorchSharp.torch;

namespace DeepGnn.Training;

/// <summary>A copy of a model's parameters and buffers at the chosen epoch, on the model's device.</summary>
internal sealed class BestWeights(nn.Module model) : IDisposable
{
    private Dictionary<string, Tensor>? _kept;

    /// <summary>What the copy takes; 0 before the first.</summary>
    public long Bytes => _kept is null ? 0 : HeldBytes.OfTensors(_kept.Values).Bytes;

    public void Keep()
    {
        using var scope = NewDisposeScope();
        using var constant = no_grad();
        if (_kept is null)
        {
            _kept = model.state_dict().ToDictionary(entry => entry.Key, entry => entry.Value.detach().clone().DetachFromDisposeScope());
            return;
        }

        foreach (var (name, value) in model.state_dict()) { _kept[name].copy_(value.detach()); }
    }

    /// <summary>Gives the model the kept values; without any it stays as it is.</summary>
    public void Restore()
    {
        if (_kept is null) { return; }

        using var scope = NewDisposeScope();
        using var constant = no_grad();
        foreach (var (name, value) in model.state_dict()) { value.detach().copy_(_kept[name]); }
    }

    /// <summary>A flag, then the bytes of each value in the order of names.</summary>
    public void Write(BinaryWriter writer)
    {
        writer.Write(_kept is not null);
        if (_kept is null) { return; }

        foreach (var (_, value) in _kept.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            using var host = value.cpu();
            writer.Write(host.bytes);
        }
    }

    public void Read(BinaryReader reader)
    {
        if (!reader.ReadBoolean()) { return; }

        Keep(); // tensors of the right shapes to read into
        foreach (var (_, value) in _kept!.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            using var host = empty_like(value, device: CPU);
            var bytes = host.bytes;
            reader.BaseStream.ReadExactly(bytes);
            value.copy_(host);
        }
    }

    public void Dispose()
    {
        foreach (var value in _kept?.Values ?? Enumerable.Empty<Tensor>()) { value.Dispose(); }
    }
}
