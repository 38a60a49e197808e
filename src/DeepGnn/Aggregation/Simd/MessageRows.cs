using System.Numerics;
using System.Runtime.CompilerServices;

namespace DeepGnn.Aggregation.Simd;

/// <summary>Makes one message row at a time, and takes its gradient apart again.</summary>
internal readonly unsafe struct MessageRows<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _nodes;
    private readonly EdgeRows<T> _edges;
    private readonly bool _rectified;
    private readonly T _epsilon;

    public MessageRows(Messages messages, int width)
    {
        _nodes = Rows.Of<T>(messages.Nodes);
        _edges = new EdgeRows<T>(messages.Edges, width);
        _rectified = messages.Rectified;
        _epsilon = T.CreateChecked(messages.Epsilon);
        Width = width;
    }

    public int Width { get; }

    /// <summary>m_e, either in place or written to <paramref name="scratch"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T* Row(int source, int edge, T* scratch)
    {
        var x = _nodes + ((long)source * Width);
        if (!_edges.Exist && !_rectified) { return x; }
        Fill(x, edge, scratch);
        return scratch;
    }

    private void Fill(T* x, int edge, T* into)
    {
        var epsilon = new Vector<T>(_epsilon);
        for (var d = 0; d < Width; d += Vector<T>.Count)
        {
            var count = Width - d;
            var z = _edges.Add(Lanes.Load(x + d, count), edge, d, count);
            if (_rectified) { z = Vector.Max(z, Vector<T>.Zero) + epsilon; }
            Lanes.Store(z, into + d, count);
        }
    }

    /// <summary>Turns <paramref name="g"/> = d loss / d m_e into d loss / d z_e, in place.</summary>
    public void ToInput(int source, int edge, T* g)
    {
        if (!_rectified) { return; }
        var x = _nodes + ((long)source * Width);
        for (var d = 0; d < Width; d += Vector<T>.Count)
        {
            var count = Width - d;
            var z = _edges.Add(Lanes.Load(x + d, count), edge, d, count);
            var passed = Vector.ConditionalSelect(Vector.GreaterThan(z, Vector<T>.Zero), Lanes.Load(g + d, count), Vector<T>.Zero);
            Lanes.Store(passed, g + d, count);
        }
    }

    /// <summary>Whether z of one channel was above zero, or rectification is off.</summary>
    public bool Passes(int source, int edge, int channel)
    {
        if (!_rectified) { return true; }
        return _nodes[((long)source * Width) + channel] + _edges.At(edge, channel) > T.Zero;
    }
}
