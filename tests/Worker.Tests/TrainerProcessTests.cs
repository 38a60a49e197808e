using Contracts;
using Testing;

namespace Worker.Tests;

public sealed class TrainerProcessTests : IDisposable
{
    private readonly TemporaryFolder artifacts = TestFolders.NewTemporary();

    public void Dispose() => artifacts.Dispose();

    [Fact]
    public async Task A_trainer_that_finishes_is_reported_event_by_event()
    {
        var events = await Everything(Start("", epochs: 3));
        Assert.IsType<StartedEvent>(events[0]);
        Assert.Equal([1, 2, 3], events.OfType<EpochEvent>().Select(e => e.Epoch));
        Assert.Equal(2, Assert.Single(events.OfType<CheckpointEvent>()).Epoch);
        Assert.IsType<FinishedEvent>(events[^1]);
    }

    [Fact]
    public async Task A_trainer_continues_from_the_checkpoint_it_is_given()
    {
        var checkpoint = (await Everything(Start("", epochs: 4))).OfType<CheckpointEvent>().Last();
        var events = await Everything(Start("", epochs: 6, resume: checkpoint.Path));
        Assert.Equal(4, ((StartedEvent)events[0]).ResumedFromEpoch);
        Assert.Equal([5, 6], events.OfType<EpochEvent>().Select(e => e.Epoch));
    }

    [Theory]
    [InlineData("signal=2:9", FailureClass.Infrastructure, "killed by signal 9")]
    [InlineData("noise=2:what():std::bad_alloc signal=2:6", FailureClass.OutOfMemory, "memory could not be allocated")]
    [InlineData("signal=2:11", FailureClass.Infrastructure, "crashed in native code: signal 11")]
    [InlineData("signal=2:6", FailureClass.Infrastructure, "aborted in native code: signal 6")]
    [InlineData("signal=2:15", FailureClass.Infrastructure, "ended by signal 15")]
    [InlineData("exit=2:0", FailureClass.Infrastructure, "exit code 0 but reported no result")]
    [InlineData("exit=2:1", FailureClass.Infrastructure, "exit code 1")]
    [InlineData("exit=2:2", FailureClass.User, "exit code 2")]
    [InlineData("exit=2:3", FailureClass.Data, "exit code 3")]
    [InlineData("exit=2:4", FailureClass.OutOfMemory, "exit code 4")]
    [InlineData("exit=2:5", FailureClass.Diverged, "exit code 5")]
    [InlineData("exit=2:77", FailureClass.Infrastructure, "exit code 77")]
    [InlineData("fail=2:Diverged", FailureClass.Diverged, "told to fail at epoch 2")]
    public async Task A_trainer_that_dies_ends_in_a_failure_that_says_how(string script, FailureClass kind, string message)
    {
        var events = await Everything(Start(script));
        var failed = Assert.IsType<FailedEvent>(events[^1]);
        Assert.Equal(kind, failed.Class);
        Assert.Contains(message, failed.Message, StringComparison.Ordinal);
        Assert.Equal([1, 2], events.OfType<EpochEvent>().Select(e => e.Epoch));
    }

    [Theory]
    [InlineData(true, FailureClass.OutOfMemory, "killed by the system because memory ran out")]
    [InlineData(false, FailureClass.Infrastructure, "killed by signal 9 (SIGKILL): by hand")]
    public void A_kill_is_for_want_of_memory_where_the_kernel_counted_one(bool kernelKilled, FailureClass kind, string message)
    {
        var failed = TrainerDeath.Explain(128 + 9, "", kernelKilled, DateTimeOffset.UtcNow);
        Assert.Equal(kind, failed.Class);
        Assert.Contains(message, failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_kernel_says_how_much_memory_there_is_and_how_often_it_killed()
    {
        Assert.InRange(HostMemory.Total(), 1L << 28, 1L << 50);
        Assert.True(HostMemory.KernelKills() >= 0);
        Assert.InRange(HostMemory.Peak(Environment.ProcessId)!.Value, 1L << 20, HostMemory.Total());
        Assert.Null(HostMemory.Peak(int.MaxValue));
    }

    [Fact]
    public async Task The_last_words_of_a_crash_are_kept_and_bounded()
    {
        var events = await Everything(Start("noise=2:terminate_called signal=2:6"));
        var failed = Assert.IsType<FailedEvent>(events[^1]);
        Assert.EndsWith("terminate_called", failed.Message, StringComparison.Ordinal);
        Assert.InRange(failed.Message.Length, 1_000, 5_000);
    }

    [Fact]
    public async Task Lines_that_are_no_events_become_warnings_and_later_events_still_arrive()
    {
        var events = await Everything(Start("garbage=2", epochs: 4));
        Assert.Equal([1, 2, 3, 4], events.OfType<EpochEvent>().Select(e => e.Epoch));
        var warnings = events.OfType<LogEvent>().ToList();
        Assert.Equal(5, warnings.Count);
        Assert.All(warnings, warning => Assert.Equal("warning", warning.Level));
        Assert.Contains("OMP: Info #276", warnings[0].Message, StringComparison.Ordinal);
        Assert.All(warnings, warning => Assert.InRange(warning.Message.Length, 1, 400));
        Assert.IsType<FinishedEvent>(events[^1]);
    }

    [Fact]
    public async Task Text_that_Postgres_refuses_is_made_storable()
    {
        var events = await Everything(Start("nul=1", epochs: 1));
        Assert.Equal("before\uFFFDafter", Assert.Single(events.OfType<LogEvent>()).Message);
    }

    [Fact]
    public async Task A_trainer_told_to_stop_leaves_a_checkpoint()
    {
        await using var trainer = Start("delay=50", epochs: 10_000);
        var events = new List<TrainerEvent>();
        await foreach (var happened in trainer.Events(TestContext.Current.CancellationToken))
        {
            events.Add(happened);
            if (happened is EpochEvent { Epoch: 3 }) { await trainer.Stop(); }
        }

        var stopped = Assert.IsType<StoppedEvent>(events[^1]);
        Assert.Equal(stopped.Epoch, events.OfType<CheckpointEvent>().Last().Epoch);
        Assert.InRange(stopped.Epoch, 3, 20);
    }

    [Fact]
    public async Task A_trainer_that_reports_its_end_but_lingers_is_killed()
    {
        await using var trainer = Start("linger", epochs: 1);
        var events = await Everything(trainer);
        Assert.IsType<FinishedEvent>(events[^1]);
        Assert.Throws<ArgumentException>(() => System.Diagnostics.Process.GetProcessById(trainer.Id));
    }

    [Fact]
    public void A_program_that_is_not_there_is_an_error_that_names_it()
    {
        var command = new TrainerCommand(artifacts.File("nowhere"), artifacts.Path, null, null);
        var error = Assert.Throws<System.ComponentModel.Win32Exception>(() => TrainerProcess.Start(command, FakeTrainerProgram.Spec(""), TimeProvider.System));
        Assert.Contains("nowhere", error.Message, StringComparison.Ordinal);
    }

    private TrainerProcess Start(string script, int epochs = 5, string? resume = null) =>
        TrainerProcess.Start(new TrainerCommand(FakeTrainerProgram.Path, artifacts.Path, resume, null), FakeTrainerProgram.Spec(script, epochs), TimeProvider.System);

    private static async Task<List<TrainerEvent>> Everything(TrainerProcess trainer)
    {
        var events = new List<TrainerEvent>();
        await foreach (var happened in trainer.Events(TestContext.Current.CancellationToken)) { events.Add(happened); }
        return events;
    }
}
