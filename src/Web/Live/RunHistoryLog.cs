using Contracts;

namespace Web.Live;

/// <summary>
/// The valid epochs and all events of a run, put together from pieces that may overlap, repeat or arrive twice. Everything is ordered
/// by <c>seq</c>; what is not later than <see cref="Seq"/> is known already.
/// </summary>
public sealed class RunHistoryLog
{
    private readonly List<EpochPoint> _points = [];
    private readonly List<RunEvent> _events = [];
    private readonly List<EpochPoint> _added = [];
    private int? _voidAfter;
    private int _attempt;

    public IReadOnlyList<EpochPoint> Points => _points;
    public IReadOnlyList<RunEvent> Events => _events;
    public long Seq { get; private set; }

    /// <summary>Whether a piece starts later than the next number: something in between was not received.</summary>
    public bool LeavesGap(RunHistory piece) => Numbers(piece).DefaultIfEmpty(piece.Seq + 1).Min() > Seq + 1;

    public void Add(RunHistory piece)
    {
        var merged = piece.Epochs.Select(epoch => (epoch.Seq, Apply: (Action)(() => Add(epoch))))
            .Concat(piece.Events.Select(e => (e.Seq, Apply: (Action)(() => Add(e)))))
            .Where(item => item.Seq > Seq)
            .OrderBy(item => item.Seq);
        foreach (var (seq, apply) in merged)
        {
            if (seq == Seq) { continue; }
            apply();
            Seq = seq;
        }

        // Voided epochs are not sent, so a piece may reach further than its last item.
        Seq = Math.Max(Seq, piece.Seq);
    }

    /// <summary>What changed since the last call.</summary>
    public RunChanges Take()
    {
        var changes = new RunChanges { VoidAfter = _voidAfter, Added = [.. _added] };
        _added.Clear();
        _voidAfter = null;
        return changes;
    }

    private static IEnumerable<long> Numbers(RunHistory piece) => piece.Epochs.Select(e => e.Seq).Concat(piece.Events.Select(e => e.Seq));

    private void Add(EpochPoint point)
    {
        // A late write of an attempt that has been replaced.
        if (point.Attempt < _attempt) { return; }
        _points.Add(point);
        _added.Add(point);
    }

    private void Add(RunEvent happened)
    {
        _events.Add(happened);
        if (happened.Kind != "started" || happened.Attempt <= _attempt) { return; }

        _attempt = happened.Attempt;
        var last = happened.ResumedFromEpoch ?? 0;
        if (_points.RemoveAll(point => point.Figures.Epoch > last) == 0) { return; }

        _added.RemoveAll(point => point.Figures.Epoch > last);
        _voidAfter = Math.Min(_voidAfter ?? int.MaxValue, last);
    }
}
