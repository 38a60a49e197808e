using System.Numerics;
using System.Runtime.CompilerServices;

namespace DeepGnn.Aggregation.Simd;

/// <summary>Makes one message row at a time, and takes its gradient apart again.</summary>
internal readonly unsafe struct MessageRows<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _nodes;
    private readonly T* _edges;
    private readonly bool _rectified;
    private readonly T _epsilon;

    public MessageRows(Messages messages, int width)
    {
        _nodes = Rows.Of<T>(messages.Nodes);
        _edges = Rows.Of<T>(messages.Edges);
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
        if (_edges == null && !_rectified) { return x; }
        Fill(x, edge, scratch);
        return scratch;
    }

    private void Fill(T* x, int edge, T* into)
    {
        var a = _edges == null ? null : _edges + ((long)edge * Width);
        var epsilon = new Vector<T>(_epsilon);
        for (var d = 0; d < Width; d += Vector<T>.Count)
        {
            var count = Width - d;
            var z = Lanes.Load(x + d, count);
            if (a != null) { z += Lanes.Load(a + d, count); }
            if (_rectified) { z = Vector.Max(z, Vector<T>.Zero) + epsilon; }
            Lanes.Store(z, into + d, count);
        }
    }

    /// <summary>Turns <paramref name="g"/> = d loss / d m_e into d loss / d z_e, in place.</summary>
    public void ToInput(int source, int edge, T* g)
    {
        if (!_rectified) { return; }
        var x = _nodes + ((long)source * Width);
        var a = _edges == null ? null : _edges + ((long)edge * Width);
        for (var d = 0; d < Width; d += Vector<T>.Count)
        {
            var count = Width - d;
            var z = Lanes.Load(x + d, count);
            if (a != null) { z += Lanes.Load(a + d, count); }
            var passed = Vector.ConditionalSelect(Vector.GreaterThan(z, Vector<T>.Zero), Lanes.Load(g + d, count), Vector<T>.Zero);
            Lanes.Store(passed, g + d, count);
        }
    }

    /// <summary>Whether z of one channel was above zero, or rectification is off.</summary>
    public bool Passes(int source, int edge, int channel)
    {
        if (!_rectified) { return true; }
        var z = _nodes[((long)source * Width) + channel];
        if (_edges != null) { z += _edges[((long)edge * Width) + channel]; }
        return z > T.Zero;
    }
}
