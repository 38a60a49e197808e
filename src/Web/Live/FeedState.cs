namespace Web.Live;

public enum FeedCondition
{
    /// <summary>Nothing has been read yet.</summary>
    Loading,
    Live,

    /// <summary>What is shown may be old; the feed keeps trying.</summary>
    Lost,

    /// <summary>There is no such run.</summary>
    Absent,
}

public sealed record FeedState(FeedCondition Condition, string? Reason = null)
{
    public static FeedState Loading { get; } = new(FeedCondition.Loading);
    public static FeedState Live { get; } = new(FeedCondition.Live);
    public static FeedState Absent { get; } = new(FeedCondition.Absent);
    public static FeedState Lost(string reason) => new(FeedCondition.Lost, reason);
}
