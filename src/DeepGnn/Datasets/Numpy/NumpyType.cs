namespace DeepGnn.Datasets.Numpy;

/// <summary>An element type of NumPy: kind (b bool, i int, u unsigned, f float, S bytes, U text, O object) and size in bytes.</summary>
internal readonly record struct NumpyType(char Kind, int Size, bool BigEndian)
{
    /// <summary>Reads "&lt;f4", "|b1", "i8", "U19" or "O8"; anything else is refused.</summary>
    public static NumpyType Parse(string place, string text)
    {
        var code = text.AsSpan();
        var order = code.Length > 0 && code[0] is '<' or '>' or '|' or '=' ? code[0] : ' ';
        if (order != ' ') { code = code[1..]; }
        if (code is "O" or "O8") { return new('O', 8, false); }

        if (code.Length >= 2 && code.Length <= 8 && int.TryParse(code[1..], System.Globalization.NumberStyles.None, null, out var size))
        {
            var bytes = code[0] == 'U' ? 4L * size : size;
            var known = (code[0], size) is ('b', 1) or ('i' or 'u', 1 or 2 or 4 or 8) or ('f', 2 or 4 or 8);
            if (known || (code[0] is 'S' or 'U' && size is > 0 and <= 1_000_000)) { return new(code[0], (int)bytes, order == '>'); }
        }

        throw new DataException(place, $"found element type \"{Shorten(text)}\", needed bool, int, unsigned int, float or text");
    }

    /// <summary>Bytes that must be reversed together in a file of the other byte order.</summary>
    public int WordSize => Kind switch { 'S' => 1, 'U' => 4, _ => Size };

    private static string Shorten(string text) => text.Length > 40 ? text[..40] + "…" : text;
}
