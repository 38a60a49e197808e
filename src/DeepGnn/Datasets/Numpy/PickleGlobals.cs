namespace DeepGnn.Datasets.Numpy;

/// <summary>
/// The few names a pickle of graph data may use, and what calling or building them gives. Nothing is looked up, nothing runs.
/// </summary>
internal static class PickleGlobals
{
    public static PickleGlobal? Find(string module, string name) => (module, name) switch
    {
        ("numpy.core.multiarray" or "numpy._core.multiarray", "_reconstruct") => new(PickleKind.NdarrayReconstruct),
        ("numpy", "ndarray") => new(PickleKind.Ndarray),
        ("numpy", "dtype") => new(PickleKind.Dtype),
        ("scipy.sparse.csr" or "scipy.sparse._csr", "csr_matrix") => new(PickleKind.CsrMatrix),
        ("collections", "defaultdict") => new(PickleKind.DefaultDict),
        ("__builtin__" or "builtins", "list") => new(PickleKind.List),
        _ => null,
    };

    /// <summary>What REDUCE makes of a callable and its arguments; null when the pair is none of ours.</summary>
    public static object? Call(object? callable, object?[] arguments) => (callable as PickleGlobal)?.Kind switch
    {
        PickleKind.NdarrayReconstruct when arguments is [PickleGlobal { Kind: PickleKind.Ndarray }, PickleTuple, _] =>
            new PickledObject(PickleKind.Ndarray),
        PickleKind.Dtype when arguments.Length > 0 && PickleText.Of(arguments[0]) is { } code => new PickledType(code),
        PickleKind.DefaultDict when arguments is [] or [PickleGlobal { Kind: PickleKind.List }] => new PickleDict(),
        _ => null,
    };

    /// <summary>What NEWOBJ makes of a class; null when the class is none of ours.</summary>
    public static object? Create(object? type, object?[] arguments) =>
        type is PickleGlobal { Kind: PickleKind.CsrMatrix } && arguments.Length == 0 ? new PickledObject(PickleKind.CsrMatrix) : null;

    /// <summary>Gives an object its state; false when the state is not of the form its type writes.</summary>
    public static bool Build(string place, object? target, object? state)
    {
        switch (target, state)
        {
            // (version, byte order, ...): the rest describes records, which are refused when an array is read.
            case (PickledType type, PickleTuple { Items: [long, var order, ..] }) when PickleText.Of(order) is "<" or ">" or "|" or "=":
                type.Code = PickleText.Of(order) + type.Code.TrimStart('<', '>', '|', '=');
                return true;
            case (PickledObject { Kind: PickleKind.Ndarray, Content: null } array,
                PickleTuple { Items: [long, PickleTuple shape, PickledType type, bool fortran, var content] }):
                array.Content = Array(place, shape, type, fortran, content);
                return array.Content is not null;
            case (PickledObject { Kind: PickleKind.CsrMatrix, Content: null } matrix, PickleDict parts):
                matrix.Content = Matrix(place, parts);
                return true;
            default:
                return false;
        }
    }

    private static NumpyArray? Array(string place, PickleTuple shape, PickledType type, bool fortran, object? content)
    {
        var lengths = Lengths(place, shape);
        var element = NumpyType.Parse(place, type.Code);
        return (element.Kind, content) switch
        {
            ('O', PickleList list) => new(place, lengths, [.. list.Select(Finished)]),
            (not 'O', PickleBytes bytes) => new(place, element, lengths, fortran, bytes.Value),
            _ => null,
        };
    }

    private static SparseMatrix Matrix(string place, PickleDict parts)
    {
        var shape = (parts["_shape"] ?? parts["shape"]) as PickleTuple
            ?? throw new DataException(place, "found a sparse matrix without shape, needed (rows, columns)");
        return SparseMatrix.From(place, Lengths(place, shape), Part("indptr"), Part("indices"), Part("data"));

        NumpyArray Part(string name) => Finished(parts[name]) as NumpyArray
            ?? throw new DataException(place, $"found a sparse matrix without \"{name}\", needed an array");
    }

    /// <summary>The content of a built object; anything else is itself.</summary>
    public static object? Finished(object? value) => value is PickledObject built ? built.Content : value;

    private static int[] Lengths(string place, PickleTuple shape)
    {
        if (shape.Items.Length > 8) { throw new DataException(place, $"found {shape.Items.Length} dimensions, needed at most 8"); }
        return System.Array.ConvertAll(shape.Items, item => item is long and >= 0 and <= int.MaxValue
            ? (int)(long)item
            : throw new DataException(place, $"found a length of {item ?? "None"}, needed a whole number from 0 to {int.MaxValue}"));
    }
}
