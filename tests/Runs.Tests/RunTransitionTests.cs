using Contracts;

namespace Runs.Tests;

public sealed class RunTransitionTests
{
    private const string Table = """
                    Claim    Cancel      Pause    Resume   Succeed    Fail       Retry      HandBack
        Queued      Running  Cancelled   Paused   Queued   -          -          -          -
        Running     -        Cancelling  Pausing  Running  Succeeded  Failed     Queued     Queued
        Pausing     -        Cancelling  Pausing  Running  Succeeded  Failed     Paused     Paused
        Paused      -        Cancelled   Paused   Queued   -          -          -          -
        Cancelling  -        Cancelling  -        -        Cancelled  Cancelled  Cancelled  Cancelled
        Cancelled   -        Cancelled   -        -        -          -          -          -
        Succeeded   -        -           -        -        -          -          -          -
        Failed      -        -           -        -        -          -          -          -
        """;

    public static TheoryData<RunStatus, RunAction, RunStatus?> EveryPair()
    {
        var rows = Table.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();
        var data = new TheoryData<RunStatus, RunAction, RunStatus?>();
        foreach (var row in rows.Skip(1))
        {
            for (var column = 1; column < row.Length; column++)
            {
                data.Add(Enum.Parse<RunStatus>(row[0]), Enum.Parse<RunAction>(rows[0][column - 1]), row[column] == "-" ? null : Enum.Parse<RunStatus>(row[column]));
            }
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(EveryPair))]
    public void A_status_and_an_action_give_the_next_status_or_a_refusal(RunStatus status, RunAction action, RunStatus? next) =>
        Assert.Equal(next, RunTransitions.Next(status, action));

    [Fact]
    public void The_table_covers_every_pair() =>
        Assert.Equal(Enum.GetValues<RunStatus>().Length * Enum.GetValues<RunAction>().Length, EveryPair().Count);

    [Fact]
    public void Nothing_but_a_repeated_cancel_leads_out_of_a_final_status()
    {
        foreach (var status in Enum.GetValues<RunStatus>().Where(RunTransitions.IsFinal))
        {
            Assert.All(Enum.GetValues<RunAction>(), action => Assert.True(RunTransitions.Next(status, action) is null || RunTransitions.Next(status, action) == status));
        }
    }
}
