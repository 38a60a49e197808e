using System.Text;

namespace DeepGnn.Datasets.Numpy;

/// <summary>A Python string of version 2, which is text or bytes as its reader likes, or bytes of version 3.</summary>
internal sealed record PickleBytes(ReadOnlyMemory<byte> Value);

/// <summary>A tuple; <paramref name="Depth"/> counts the tuples inside each other.</summary>
internal sealed record PickleTuple(object?[] Items, int Depth);

internal sealed class PickleList : List<object?>;

/// <summary>A dict in the order of insertion; of a repeated key, the last entry counts.</summary>
internal sealed class PickleDict
{
    private readonly Dictionary<string, object?> _texts = [];
    private readonly Dictionary<long, object?> _numbers = [];

    public IReadOnlyDictionary<long, object?> Numbers => _numbers;

    public int Count => _texts.Count + _numbers.Count;

    public bool TryAdd(object? key, object? value)
    {
        if (key is long number) { _numbers[number] = value; return true; }
        if (PickleText.Of(key) is { } text) { _texts[text] = value; return true; }
        return false;
    }

    public object? this[string key] => _texts.GetValueOrDefault(key);
}

internal static class PickleText
{
    /// <summary>Text of a string of either Python; null for anything else.</summary>
    public static string? Of(object? value) => value switch
    {
        string text => text,
        PickleBytes bytes => Encoding.Latin1.GetString(bytes.Value.Span),
        _ => null,
    };
}

/// <summary>A name a pickle asks for; only those of <see cref="PickleGlobals"/> come to be.</summary>
internal sealed record PickleGlobal(PickleKind Kind);

internal enum PickleKind
{
    NdarrayReconstruct,
    Ndarray,
    Dtype,
    CsrMatrix,
    DefaultDict,
    List,
}

/// <summary>An element type whose byte order comes with BUILD.</summary>
internal sealed class PickledType(string code)
{
    public string Code { get; set; } = code;
}

/// <summary>An array or matrix before and after BUILD gave it its content.</summary>
internal sealed class PickledObject(PickleKind kind)
{
    public PickleKind Kind { get; } = kind;

    /// <summary>A <see cref="NumpyArray"/> or a <see cref="SparseMatrix"/>; null before BUILD.</summary>
    public object? Content { get; set; }
}
