using static TorchSharp.torch;

namespace DeepGnn.Interchange;

/// <summary>
/// Weights and buffers of a model as a safetensors file with the names that PyG's modules have in <c>state_dict()</c>; docs/interchange.md
/// lists them and shows both ways.
/// </summary>
public static class ModelWeights
{
    private const int ShownFaults = 10;

    // Convolutions and normalisations carry PyG's names already. Whole models: all backbones call their layers alike outside.
    private static readonly (string Ours, string Theirs)[] s_prefixes = [("initial.", "layers."), ("reversible.layers.", "layers.")];

    /// <summary>Writes all parameters and buffers.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">Any module; not changed.</param>
    /// <param name="metadata">Free text by name; <c>format: pt</c>, as PyTorch's own files have it, is added.</param>
    /// <exception cref="IOException">The file cannot be written; an older one of that name stays.</exception>
    public static void Save(string path, nn.Module model, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var all = new Dictionary<string, string> { ["format"] = "pt" };
        foreach (var (name, text) in metadata ?? new Dictionary<string, string>()) { all[name] = text; }
        SafeTensors.Write(path, NamedState(model), all);
    }

    /// <summary>
    /// Copies a file's tensors into the model. Floating types are converted to the model's, whole numbers to whole numbers. Nothing is
    /// copied unless all fit.
    /// </summary>
    /// <returns>The file's metadata.</returns>
    /// <exception cref="InvalidDataException">
    /// The file is damaged, or tensors are missing, surplus, of another shape or kind: names file and each tensor, found and needed.
    /// </exception>
    public static IReadOnlyDictionary<string, string> Load(string path, nn.Module model)
    {
        using var file = SafeTensors.Open(path);
        var header = SafeTensorsHeader.Read(path, file);
        var state = NamedState(model);
        var faults = Faults(header, state).ToArray();
        if (faults.Length > 0)
        {
            var more = faults.Length > ShownFaults ? $"; and {faults.Length - ShownFaults} more" : "";
            throw SafeTensorsHeader.Refused(path, string.Join("; ", faults.Take(ShownFaults)) + more);
        }

        using var constant = no_grad();
        foreach (var (name, held) in state)
        {
            using var read = SafeTensors.Read(path, file, header, name);
            held.copy_(read);
        }

        return header.Metadata;
    }

    private static IEnumerable<string> Faults(SafeTensorsHeader header, Dictionary<string, Tensor> state)
    {
        foreach (var (name, held) in state.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            var needed = $"{ElementType.NameOf(held.dtype)} [{string.Join(", ", held.shape)}]";
            if (!header.Tensors.TryGetValue(name, out var found)) { yield return $"{name}: found nothing, needed {needed}"; }
            else if (!found.Shape.SequenceEqual(held.shape) || is_floating_point(found.Type) != is_floating_point(held.dtype))
            {
                yield return $"{name}: found {found}, needed {needed}";
            }
        }

        foreach (var (name, found) in header.Tensors.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (!state.ContainsKey(name)) { yield return $"{name}: found {found}, needed no tensor of that name"; }
        }
    }

    private static Dictionary<string, Tensor> NamedState(nn.Module model) =>
        model.state_dict().ToDictionary(pair => NameOutside(pair.Key), pair => pair.Value);

    private static string NameOutside(string name)
    {
        foreach (var (ours, theirs) in s_prefixes)
        {
            if (name.StartsWith(ours, StringComparison.Ordinal)) { return theirs + name[ours.Length..]; }
        }

        return name;
    }
}
