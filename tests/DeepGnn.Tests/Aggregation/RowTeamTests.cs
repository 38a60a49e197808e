using DeepGnn.Aggregation.Simd;

namespace DeepGnn.Tests.Aggregation;

public sealed class RowTeamTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 8)]
    [InlineData(64, 2)]
    [InlineData(64, 4)]
    public void Each_piece_is_done_once(int pieces, int threads)
    {
        for (var repetition = 0; repetition < 200; repetition++)
        {
            var done = new int[pieces];

            RowTeam.Run(pieces, threads, p => Interlocked.Increment(ref done[p]));

            Assert.All(done, count => Assert.Equal(1, count));
        }
    }

    [Fact]
    public void Passes_after_a_pause_wake_sleeping_threads()
    {
        for (var repetition = 0; repetition < 5; repetition++)
        {
            Thread.Sleep(20);
            using var both = new Barrier(2);

            RowTeam.Run(2, 2, _ => Assert.True(both.SignalAndWait(TimeSpan.FromSeconds(20))));
        }
    }

    [Fact]
    public void Passes_of_several_threads_and_passes_within_passes_are_done()
    {
        var done = 0;

        Parallel.For(0, 4, _ => RowTeam.Run(8, 2, _ => RowTeam.Run(4, 2, _ => Interlocked.Increment(ref done))));

        Assert.Equal(4 * 8 * 4, done);
    }

    [Fact]
    public void An_exception_reaches_the_caller_after_all_pieces_and_the_team_goes_on()
    {
        var done = 0;

        var e = Assert.Throws<InvalidOperationException>(() => RowTeam.Run(8, 2, p =>
        {
            Interlocked.Increment(ref done);
            if (p == 3) { throw new InvalidOperationException("piece 3"); }
        }));
        RowTeam.Run(8, 2, _ => Interlocked.Increment(ref done));

        Assert.Equal("piece 3", e.Message);
        Assert.Equal(16, done);
    }
}
