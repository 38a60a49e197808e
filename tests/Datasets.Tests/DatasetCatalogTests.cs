using Contracts;
using DeepGnn.Datasets;
using Testing;

namespace Datasets.Tests;

public sealed class DatasetCatalogTests
{
    [Theory]
    [InlineData("corra", "did you mean cora?")]
    [InlineData("Cora", "did you mean cora?")]
    [InlineData("amazon_photo", "did you mean amazon-photo?")]
    [InlineData("chameleon", "did you mean chameleon-filtered?")]
    [InlineData("minesweper", "did you mean minesweeper?")]
    public void A_wrong_name_is_answered_with_the_near_ones(string asked, string hint)
    {
        var error = Assert.Throws<DataSpecException>(() => NodeDatasets.Load(new() { Dataset = asked }, []));
        Assert.StartsWith($"$.data.dataset: found data set \"{asked}\", needed one of cora, citeseer,", error.Message);
        Assert.EndsWith(hint, error.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("xyzzyxyzzyxyzzy")]
    [InlineData("../../etc/passwd")]
    public void A_name_near_none_gets_no_suggestion(string asked) => Assert.DoesNotContain("did you mean", DatasetCatalog.UnknownName(asked));

    [Fact]
    public void An_absurdly_long_name_is_shortened() => Assert.True(DatasetCatalog.UnknownName(new string('x', 1_000_000)).Length < 1_000);

    [Fact]
    public void A_missing_set_says_what_to_place_where()
    {
        var error = Assert.Throws<DataException>(() => NodeDatasets.Load(new() { Dataset = "texas" }, ["/nowhere/a", "/nowhere/b"]));
        Assert.Equal("texas: found none of the folders /nowhere/a:/nowhere/b with texas.npz, needed them in one folder, for example heterophilous (set GNN_DATA)", error.Message);
    }

    [Fact]
    public void A_split_that_is_not_there_says_which_are()
    {
        var error = Assert.Throws<DataSpecException>(() => NodeDatasets.Load(new() { Dataset = "karate", Split = 1 }, []));
        Assert.Equal("$.data.split: found 1, needed 0 to 0 for data set \"karate\"", error.Message);
    }

    [Fact]
    public void Settings_of_the_generated_set_are_refused_beside_another()
    {
        var error = Assert.Throws<DataSpecException>(() => NodeDatasets.Load(new() { Dataset = "karate", Sbm = new() }, []));
        Assert.StartsWith("$.data.sbm: ", error.Message);
    }

    [Theory]
    [InlineData("heterophilous/texas.npz")]
    [InlineData("texas/texas.npz")]
    [InlineData("texas.npz")]
    public void A_set_is_available_wherever_its_files_may_lie(string place)
    {
        using var folder = TestFolders.NewTemporary();
        Directory.CreateDirectory(Path.GetDirectoryName(folder.File(place))!);
        File.WriteAllText(folder.File(place), "");

        var available = DatasetCatalog.List(["/nowhere", folder.Path]).Where(info => info.Available).Select(info => info.Name);
        Assert.Equal(["texas", "karate", "sbm", "rooms"], available);
    }

    [Fact]
    public void A_set_with_a_file_missing_is_not_available()
    {
        using var folder = TestFolders.NewTemporary();
        foreach (var file in DatasetCatalog.Find("cora")!.Files.SkipLast(1)) { File.WriteAllText(folder.File(file.Name), ""); }
        Assert.Null(DatasetCatalog.Find("cora")!.Locate([folder.Path]));
    }

    [Fact]
    public void Every_set_of_the_shared_data_is_found_and_is_the_one_meant()
    {
        TestFolders.RequireData();
        foreach (var entry in DatasetCatalog.Entries.Where(entry => entry.Files.Count > 0 && entry.Locate([TestFolders.Data]) is not null))
        {
            foreach (var (file, path) in entry.Files.Zip(entry.Locate([TestFolders.Data])!).Where(pair => pair.First.Sha256 is not null))
            {
                var found = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path)));
                Assert.Equal((file.Name, file.Sha256), (file.Name, found));
            }
        }
    }

    [Fact]
    public void Names_are_unique_and_places_stay_below_the_data_folder()
    {
        Assert.Equal(DatasetCatalog.Entries.Count, DatasetCatalog.Entries.Select(entry => entry.Name).Distinct().Count());
        Assert.All(DatasetCatalog.Entries.SelectMany(entry => entry.Places), place => Assert.False(place.Contains("..", StringComparison.Ordinal) || Path.IsPathRooted(place)));
    }
}
