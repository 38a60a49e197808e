namespace DeepGnn.Datasets;

/// <summary>
/// Zachary's karate club: 34 members, 78 friendships, and the two factions the club split into (0 the instructor's, 1 the officer's, 17
/// each). Features are the identity, as there are none. The one split is ours: 3 members of each faction train (with its leader), 4
/// choose, 10 test. Source: W. Zachary, An Information Flow Model for Conflict and Fission in Small Groups, 1977.
/// </summary>
internal static class KarateClub
{
    private const int Members = 34;

    private static readonly int[] InstructorsFaction = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 16, 17, 19, 21];

    /// <summary>Friends of each member among those with a higher number.</summary>
    private static readonly int[][] Friends =
    [
        [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 17, 19, 21, 31], [2, 3, 7, 13, 17, 19, 21, 30], [3, 7, 8, 9, 13, 27, 28, 32], [7, 12, 13],
        [6, 10], [6, 10, 16], [16], [], [30, 32, 33], [33], [], [], [], [33], [32, 33], [32, 33], [], [], [32, 33], [33], [32, 33], [], [32, 33],
        [25, 27, 29, 32, 33], [25, 27, 31], [31], [29, 33], [33], [31, 33], [32, 33], [32, 33], [32, 33], [33], [],
    ];

    public static NodeDataset Make()
    {
        var labels = Enumerable.Range(0, Members).Select(member => InstructorsFaction.Contains(member) ? 0 : 1).ToArray();
        var sources = Friends.SelectMany((friends, member) => friends.Select(_ => member)).ToArray();
        var targets = Friends.SelectMany(friends => friends).ToArray();
        int[] train = [0, 1, 5, 24, 32, 33];
        int[] valid = [3, 6, 8, 12, 15, 23, 27, 30];
        return new()
        {
            Name = "karate",
            Graph = UndirectedEdges.ToGraph("karate", Members, sources, targets),
            Features = Identity(),
            Labels = labels,
            ClassCount = 2,
            Splits = [new(train, valid, [.. Enumerable.Range(0, Members).Except(train).Except(valid)])],
        };
    }

    private static FeatureMatrix Identity() => new()
    {
        RowCount = Members,
        ColumnCount = Members,
        Offsets = [.. Enumerable.Range(0, Members + 1)],
        Columns = [.. Enumerable.Range(0, Members)],
        Values = [.. Enumerable.Repeat(1f, Members)],
    };
}
