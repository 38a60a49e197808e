using Contracts;

namespace Web.Components.Pages;

public static class Eta
{
    private const int Window = 20;

    /// <summary>Time left at the pace of the last epochs by the clock; null until two epochs of the running attempt are known.</summary>
    public static TimeSpan? Of(IReadOnlyList<EpochPoint> points, int epochs)
    {
        if (points.Count < 2) { return null; }
        var last = points[^1];
        var first = last;
        for (var i = points.Count - 2; i >= Math.Max(0, points.Count - 1 - Window) && points[i].Attempt == last.Attempt; i--) { first = points[i]; }

        var done = last.Figures.Epoch - first.Figures.Epoch;
        if (done <= 0) { return null; }
        return (last.Figures.At - first.Figures.At) / done * Math.Max(0, epochs - last.Figures.Epoch);
    }
}
