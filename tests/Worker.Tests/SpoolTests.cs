using Contracts;
using Testing;

namespace Worker.Tests;

public sealed class SpoolTests : IDisposable
{
    private readonly TemporaryFolder data = TestFolders.NewTemporary();
    private readonly Guid run = Guid.CreateVersion7();

    public void Dispose() => data.Dispose();

    [Fact]
    public void Events_left_behind_are_read_back_with_their_run_and_attempt()
    {
        using (var spool = new Spool(data.Path, run, 2))
        {
            spool.Append(new EpochEvent { Epoch = 7, TrainLoss = double.NaN });
            spool.Append(new FinishedEvent { Epochs = 7 });
        }

        var left = Assert.Single(LeftSpool.In(data.Path));
        Assert.Equal((run, 2, 0), (left.Run, left.Attempt, left.TornLines));
        Assert.True(double.IsNaN(((EpochEvent)left.Events[0]).TrainLoss));
        Assert.Equal(7, ((FinishedEvent)left.Events[1]).Epochs);
    }

    [Fact]
    public void A_line_torn_by_the_death_of_its_writer_costs_only_itself()
    {
        using (var spool = new Spool(data.Path, run, 1)) { spool.Append(new EpochEvent { Epoch = 1 }); }
        File.AppendAllText(Directory.GetFiles(data.Path).Single(), "{\"event\":\"epoch\",\"epo");

        var left = Assert.Single(LeftSpool.In(data.Path));
        Assert.Equal(1, ((EpochEvent)Assert.Single(left.Events)).Epoch);
        Assert.Equal(1, left.TornLines);
    }

    [Fact]
    public void A_spool_is_readable_while_it_is_written()
    {
        using var spool = new Spool(data.Path, run, 1);
        spool.Append(new EpochEvent { Epoch = 1 });
        Assert.Single(Assert.Single(LeftSpool.In(data.Path)).Events);
    }

    [Fact]
    public void A_deleted_spool_leaves_nothing()
    {
        using var spool = new Spool(data.Path, run, 1);
        spool.Append(new EpochEvent { Epoch = 1 });
        spool.Delete();
        Assert.Empty(LeftSpool.In(data.Path));
    }

    [Fact]
    public void Other_files_in_the_spool_folder_are_left_alone()
    {
        File.WriteAllText(data.File("notes.jsonl"), "not ours");
        Assert.Empty(LeftSpool.In(data.Path));
    }

    [Fact]
    public void A_second_owner_of_a_lock_is_told_who_holds_it()
    {
        using var first = DataFolderLock.Take(data.Path, "worker-a", "worker \"a\"");
        var error = Assert.Throws<NameTakenException>(() => DataFolderLock.Take(data.Path, "worker-a", "worker \"a\""));
        Assert.Contains("worker \"a\" is running already in data folder", error.Message, StringComparison.Ordinal);
        using var other = DataFolderLock.Take(data.Path, "worker-b", "worker \"b\"");
        first.Dispose();
        DataFolderLock.Take(data.Path, "worker-a", "worker \"a\"").Dispose();
    }
}
