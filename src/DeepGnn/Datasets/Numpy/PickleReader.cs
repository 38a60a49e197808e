using System.Buffers.Binary;
using System.Text;

namespace DeepGnn.Datasets.Numpy;

/// <summary>
/// Reads the pickles that graph data sets come in: protocols 2 and 3, holding numbers, strings, tuples, lists, dicts, NumPy arrays and
/// SciPy CSR matrices. A pickle is a program; this knows the few instructions and names such files use and refuses every other one, so
/// nothing a file says can run. Lengths are checked against the bytes that are there, and counts bounded, before anything is made.
/// Source: the instruction set as documented in Python's Lib/pickletools.py.
/// </summary>
internal sealed class PickleReader
{
    // The largest citation set known (PubMed) needs 130,000 objects and a stack of 2,000; these bound time and memory of a hostile file.
    private const int MaxObjects = 2_000_000;
    private const int MaxStack = 100_000;
    private const int MaxMarks = 100;
    private const int MaxTupleDepth = 32;

    private readonly string _place;
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly List<object?> _stack = [];
    private readonly Stack<int> _marks = new();
    private readonly Dictionary<uint, object?> _memo = [];
    private int _at;
    private int _opcodeAt;
    private int _objects;

    private PickleReader(string place, ReadOnlyMemory<byte> bytes)
    {
        _place = place;
        _bytes = bytes;
    }

    /// <param name="place">File and member, for messages.</param>
    /// <param name="bytes">The pickle; bytes after its end are refused.</param>
    /// <returns>null, bool, long, string, <see cref="PickleBytes"/>, <see cref="PickleTuple"/>, <see cref="PickleList"/>,
    /// <see cref="PickleDict"/>, <see cref="NumpyArray"/> or <see cref="SparseMatrix"/>.</returns>
    /// <exception cref="DataException">Anything else is in there, or the file is cut or damaged: names byte and instruction.</exception>
    public static object? Read(string place, ReadOnlyMemory<byte> bytes)
    {
        var reader = new PickleReader(place, bytes);
        var value = PickleGlobals.Finished(reader.Run());
        return reader._at == bytes.Length
            ? value
            : throw reader.Fault($"found {bytes.Length - reader._at} bytes after the end, needed none");
    }

    private object? Run()
    {
        while (true)
        {
            _opcodeAt = _at;
            var opcode = Next();
            if (opcode == '.')
            {
                return _stack.Count == 1 && _marks.Count == 0
                    ? _stack[0]
                    : throw Fault($"found {_stack.Count} objects at the end, needed 1");
            }

            if (!Simple(opcode) && !Container(opcode) && !Object(opcode))
            {
                throw Fault($"found instruction 0x{opcode:x2}, needed one of those that arrays, lists and numbers are written with");
            }
        }
    }

    private bool Simple(byte opcode)
    {
        switch ((char)opcode)
        {
            case '\x80': CheckProtocol(Next()); break;
            case 'N': Push(null); break;
            case '\x88': Push(true); break;
            case '\x89': Push(false); break;
            case 'K': Push((long)Next()); break;
            case 'M': Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2).Span)); break;
            case 'J': Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4).Span)); break;
            case 'U' or 'C': Push(new PickleBytes(Take(Next()))); break;
            case 'T' or 'B': Push(new PickleBytes(Take(Length()))); break;
            case 'X': Push(Encoding.UTF8.GetString(Take(Length()).Span)); break;
            case 'q': Remember(Next()); break;
            case 'r': Remember(BinaryPrimitives.ReadUInt32LittleEndian(Take(4).Span)); break;
            case 'h': Recall(Next()); break;
            case 'j': Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4).Span)); break;
            default: return false;
        }

        return true;
    }

    private bool Container(byte opcode)
    {
        switch ((char)opcode)
        {
            case '(':
                if (_marks.Count == MaxMarks) { throw Fault($"found more than {MaxMarks} containers inside each other"); }
                _marks.Push(_stack.Count);
                break;
            case ')': PushTuple([]); break;
            case '\x85': PushTuple(PopMany(1)); break;
            case '\x86': PushTuple(PopMany(2)); break;
            case '\x87': PushTuple(PopMany(3)); break;
            case 't': PushTuple(PopToMark()); break;
            case ']': Push(new PickleList()); break;
            case 'a': Append(PopMany(1)); break;
            case 'e': Append(PopToMark()); break;
            case '}': Push(new PickleDict()); break;
            case 's': SetItems(PopMany(2)); break;
            case 'u': SetItems(PopToMark()); break;
            default: return false;
        }

        return true;
    }

    private bool Object(byte opcode)
    {
        switch ((char)opcode)
        {
            case 'c':
                var (module, name) = (Line(), Line());
                Push(PickleGlobals.Find(module, name)
                    ?? throw Fault($"found the name \"{module} {name}\", needed a NumPy array, a SciPy CSR matrix, a dict or a list"));
                break;
            case 'R':
                var arguments = PopTuple();
                Push(PickleGlobals.Call(Pop(), arguments) ?? throw Fault("found a call, needed only the making of arrays and dicts"));
                break;
            case '\x81':
                var creation = PopTuple();
                Push(PickleGlobals.Create(Pop(), creation) ?? throw Fault("found a new object, needed only SciPy CSR matrices"));
                break;
            case 'b':
                var state = Pop();
                if (!PickleGlobals.Build($"{_place} (byte {_opcodeAt})", Top(), state))
                {
                    throw Fault("found a state that no array, type or CSR matrix has");
                }

                break;
            default: return false;
        }

        return true;
    }

    private void CheckProtocol(byte version)
    {
        if (version is not (2 or 3)) { throw Fault($"found pickle protocol {version}, needed 2 or 3"); }
    }

    private void Push(object? value)
    {
        if (++_objects > MaxObjects) { throw Fault($"found more than {MaxObjects} objects"); }
        if (_stack.Count == MaxStack) { throw Fault($"found more than {MaxStack} unfinished objects"); }
        _stack.Add(value);
    }

    private void PushTuple(object?[] items)
    {
        var depth = 1 + items.Select(item => (item as PickleTuple)?.Depth ?? 0).DefaultIfEmpty().Max();
        if (depth > MaxTupleDepth) { throw Fault($"found more than {MaxTupleDepth} tuples inside each other"); }
        Push(new PickleTuple(items, depth));
    }

    private object? Top() => _stack.Count > Floor ? _stack[^1] : throw Fault("found nothing on the stack, needed an object");

    private object? Pop() => PopMany(1)[0];

    private object?[] PopTuple() => Pop() is PickleTuple tuple ? tuple.Items : throw Fault("found no arguments, needed a tuple");

    private object?[] PopMany(int count)
    {
        if (_stack.Count - Floor < count) { throw Fault($"found {_stack.Count - Floor} objects on the stack, needed {count}"); }

        var items = _stack.GetRange(_stack.Count - count, count).ToArray();
        _stack.RemoveRange(_stack.Count - count, count);
        return items;
    }

    private object?[] PopToMark()
    {
        if (_marks.Count == 0) { throw Fault("found no mark, needed one"); }

        var items = PopMany(_stack.Count - Floor);
        _marks.Pop();
        return items;
    }

    /// <summary>Objects below the last mark are not this instruction's to take.</summary>
    private int Floor => _marks.TryPeek(out var mark) ? mark : 0;

    private void Append(object?[] items)
    {
        if (Top() is not PickleList list) { throw Fault("found no list to append to"); }
        list.AddRange(items);
    }

    private void SetItems(object?[] items)
    {
        if (Top() is not PickleDict dict || items.Length % 2 != 0) { throw Fault("found no dict with pairs to set"); }
        for (var i = 0; i < items.Length; i += 2)
        {
            if (!dict.TryAdd(items[i], items[i + 1])) { throw Fault("found a dict key that is neither text nor a whole number"); }
        }
    }

    private void Remember(uint slot) => _memo[slot] = Top();

    private void Recall(uint slot) => Push(_memo.TryGetValue(slot, out var value)
        ? value
        : throw Fault($"found a reference to object {slot}, needed one made before"));

    private byte Next() => Take(1).Span[0];

    private int Length() => BinaryPrimitives.ReadInt32LittleEndian(Take(4).Span);

    private ReadOnlyMemory<byte> Take(int count)
    {
        if (count < 0 || count > _bytes.Length - _at)
        {
            throw Fault($"found {_bytes.Length - _at} bytes left, needed {(uint)count}: the file is cut or damaged");
        }

        var taken = _bytes.Slice(_at, count);
        _at += count;
        return taken;
    }

    private string Line()
    {
        var length = _bytes.Span[_at..].IndexOf((byte)'\n');
        if (length is < 0 or > 200) { throw Fault("found no end of a name within 200 bytes"); }

        var line = Encoding.Latin1.GetString(Take(length).Span);
        _at++;
        return line;
    }

    private DataException Fault(string message) => new(_place, $"byte {_opcodeAt}: {message}");
}
