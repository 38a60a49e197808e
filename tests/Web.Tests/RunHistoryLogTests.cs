using Contracts;
using Web.Live;

namespace Web.Tests;

public sealed class RunHistoryLogTests
{
    [Fact]
    public void Pieces_in_any_overlap_give_each_epoch_once_and_in_order()
    {
        var random = new Random(1);
        var whole = Enumerable.Range(1, 200).Select(epoch => Point(epoch, attempt: 1, epoch)).ToArray();
        for (var trial = 0; trial < 50; trial++)
        {
            var log = new RunHistoryLog();
            var chart = new List<int>();
            while (log.Seq < 200)
            {
                // Pieces start anywhere at or before the next number, and end anywhere later.
                var from = random.Next(0, (int)log.Seq + 1);
                var to = Math.Min(200, from + random.Next(1, 30));
                log.Add(Piece(whole[from..to]));
                if (random.Next(3) == 0) { chart.AddRange(log.Take().Added.Select(p => p.Figures.Epoch)); }
            }

            chart.AddRange(log.Take().Added.Select(p => p.Figures.Epoch));
            Assert.Equal(Enumerable.Range(1, 200), chart);
            Assert.Equal(Enumerable.Range(1, 200), log.Points.Select(p => p.Figures.Epoch));
        }
    }

    [Fact]
    public void Several_attempts_in_one_delivery_leave_what_the_newest_says()
    {
        var log = new RunHistoryLog();
        log.Add(new RunHistory
        {
            Epochs =
            [
                .. Enumerable.Range(1, 30).Select(e => Point(1 + e, 1, e)),
                .. Enumerable.Range(21, 15).Select(e => Point(12 + e, 2, e)),
                .. Enumerable.Range(31, 2).Select(e => Point(18 + e, 3, e)),
            ],
            Events = [Started(1, 1, 0), Started(32, 2, 20), Started(48, 3, 30)],
            Seq = 50,
        });

        var changes = log.Take();
        Assert.Equal(Enumerable.Range(1, 32), changes.Added.Select(p => p.Figures.Epoch));
        Assert.Equal([1, 2, 3], log.Points.Select(p => p.Attempt).Distinct());
        Assert.Null(log.Take().VoidAfter);
    }

    [Fact]
    public void Points_shown_earlier_are_voided_by_the_lowest_checkpoint()
    {
        var log = new RunHistoryLog();
        log.Add(Piece([.. Enumerable.Range(1, 30).Select(e => Point(e, 1, e))]));
        log.Take();
        log.Add(new RunHistory { Epochs = [.. Enumerable.Range(21, 6).Select(e => Point(11 + e, 2, e))], Events = [Started(31, 2, 20), Started(38, 3, 25)], Seq = 38 });

        var changes = log.Take();
        Assert.Equal(20, changes.VoidAfter);
        Assert.Equal([21, 22, 23, 24, 25], changes.Added.Select(p => p.Figures.Epoch));
    }

    [Fact]
    public void A_late_write_of_a_replaced_attempt_is_ignored()
    {
        var log = new RunHistoryLog();
        log.Add(new RunHistory { Epochs = [Point(2, 2, 1), Point(3, 1, 2)], Events = [Started(1, 2, 0)], Seq = 3 });
        Assert.Equal([1], log.Points.Select(p => p.Figures.Epoch));
    }

    [Fact]
    public void A_piece_without_its_voided_epochs_moves_the_cursor_on()
    {
        var log = new RunHistoryLog();
        log.Add(new RunHistory { Epochs = [], Events = [], Seq = 10_000 });
        Assert.Equal(10_000, log.Seq);
        Assert.False(log.LeavesGap(Piece([Point(10_001, 1, 1)])));
        Assert.True(log.LeavesGap(Piece([Point(10_002, 1, 1)])));
    }

    private static RunHistory Piece(EpochPoint[] points) => new() { Epochs = points, Events = [], Seq = points[^1].Seq };

    private static EpochPoint Point(int seq, int attempt, int epoch) => new() { Seq = seq, Attempt = attempt, Figures = new EpochEvent { Epoch = epoch } };

    private static RunEvent Started(int seq, int attempt, int from) => new() { Seq = seq, Attempt = attempt, Kind = "started", Message = "", ResumedFromEpoch = from };
}
